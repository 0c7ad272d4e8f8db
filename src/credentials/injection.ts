import type { HiddenValue } from '../redaction/forms.ts';

/** A header and the bytes of its value. The name is lower-case; `:path` stands for the path with its query. */
export interface HeaderField {
  readonly name: string;
  readonly value: Buffer;
  /** Whether it goes beside those of this name that are there. Absent: it replaces them. */
  readonly append?: true;
}

/** A value that an injection carries, and that must not come back. */
export interface HiddenPart extends HiddenValue {
  /** Id of the token that it is. Absent for what stands in the secret itself. */
  readonly token?: string;
}

/** What is done to a request: headers that are set, and names that are removed. */
export interface Injection {
  readonly set: readonly HeaderField[];
  readonly remove: readonly string[];
  /** Ids of the tokens in it that were got with the secret; empty when it carries the secret itself. */
  readonly tokens: readonly string[];
  /** Whether the destination's answer stands even if it is a refusal. */
  readonly final: boolean;
  /** What of secrets and tokens is in it, where that must be taken out of the response. */
  readonly hidden?: readonly HiddenPart[];
  /**
   * Where whoever encodes it keeps the bytes, by all else that they depend on. Undefined when it serves this one request: then
   * there is nothing to be kept.
   */
  readonly encoded: Map<string, Buffer> | undefined;
}
