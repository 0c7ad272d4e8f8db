import type { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';

/** An attempt of a request that went on with its credential. */
export interface Attempt {
  /** The VersionId of the secret that it carried. */
  readonly version: string;
  /** Ids of the tokens that it carried. */
  readonly tokens: readonly string[];
  /** The HTTP status that the destination answered with; {@link NO_ANSWER} when there was none. */
  readonly status: number;
}

/** The namespace of the dynamic metadata in which Attaché leaves what it did, for the next attempt and the access log. */
export const NAMESPACE = 'attache';

/** The key there under which the filter `answers` of envoy.yaml writes how the destination has answered the latest attempt. */
export const ANSWER_KEY = 'answer';

/** Where a connection broke, or never came to be, or an answer did not come in time. */
export const NO_ANSWER = 0;

/** Statuses of the fourth hundred that are about the moment: a timeout, a conflict, a request too early, too many of them. */
const PASSING = new Set([408, 409, 425, 429]);

/**
 * Whether an answer that had Envoy try again is a refusal of what the attempt carried. That is the one thing in which a retry differs
 * from the request before it, so whoever has Envoy retry on such a status says so: 401, and 403 where AWS answers.
 */
export function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING.has(status);
}

/**
 * The attempts before the one that is asked about, in their order, that carried a credential. An attempt that ended before
 * Attaché's answer came is none of them, since Envoy takes metadata and headers over from the same message, or neither.
 */
export function attemptsBefore(request: ProcessingRequest): readonly Attempt[] {
  const record = request.metadataContext?.filterMetadata[NAMESPACE];
  const versions = list(record?.tried);
  const tokens = list(record?.tokens);
  const answers = list(record?.answers);
  return versions.flatMap((version, at) => {
    if (typeof version !== 'string') return [];
    const status = at === versions.length - 1 ? record?.[ANSWER_KEY] : answers[at];
    return [
      { version, tokens: list(tokens[at]).filter(isText), status: typeof status === 'number' ? status : NO_ANSWER },
    ];
  });
}

/**
 * The same, with the attempt that is answered now, as it is left for the next one. A first attempt needs no more than its version:
 * nothing has answered it.
 */
export function recordOf(
  before: readonly Attempt[],
  version: string,
  tokens: readonly string[],
): Record<string, unknown> {
  const all = [...before.map((attempt) => attempt.tokens), tokens];
  return {
    tried: [...before.map((attempt) => attempt.version), version],
    ...(all.some((ids) => ids.length > 0) ? { tokens: all } : {}),
    ...(before.length === 0 ? {} : { answers: before.map(({ status }) => status), [ANSWER_KEY]: NO_ANSWER }),
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
