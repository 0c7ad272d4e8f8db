/** A header and the bytes of its value. The name is lower-case. */
export interface HeaderField {
  readonly name: string;
  readonly value: Buffer;
}

/**
 * What is done to a request: headers that are set, replacing any of that name, and names that are removed. One object per
 * integration and secret version, so whoever encodes it can remember the bytes by it.
 */
export interface Injection {
  readonly set: readonly HeaderField[];
  readonly remove: readonly string[];
}
