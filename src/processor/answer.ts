import type { Injection } from '../credentials/injection.ts';
import type { Attempt } from './attempts.ts';
import type { Dialect } from './dialect.ts';

/** How it was known that a caller may. */
export interface AllowedCaller {
  /** The rule that let it in, as it was written. */
  readonly by: string;
  /** The EC2 instance whose tag it was. */
  readonly instance?: string;
}

/** The request goes on, with its credential. */
export interface Injected {
  readonly kind: 'inject';
  readonly integration: string;
  /** Name or ARN of the secret. */
  readonly secret: string;
  /** The VersionId. */
  readonly version: string;
  /** The attempts before this one that went on with a credential. Absent: none. */
  readonly before?: readonly Attempt[];
  /** Whether the destination's answer stands even if it is a refusal: a retry could not help. */
  readonly final: boolean;
  readonly injection: Injection;
  /** What becomes of links in its responses. Absent: those to the destination lead back to the caller. */
  readonly links?: 'keep' | 'withhold';
  /** Absent where everybody may. */
  readonly caller?: AllowedCaller;
}

/** The request's whole body is needed first: Envoy is asked to hand it over, and the same question comes again with it. */
export interface ReadBody {
  readonly kind: 'read-body';
  readonly integration: string;
}

/** Why a request is refused, and with which HTTP status. Never 401: that is the destination's word. */
export const DENIALS = {
  caller_not_allowed: 403,
  host_mismatch: 403,
  request_not_allowed: 403,
  no_integration: 500,
  unknown_integration: 500,
  no_attempt_count: 500,
  no_body: 500,
  no_record: 500,
  response_unreadable: 502,
  secret_unusable: 502,
  token_refused: 502,
  caller_unknown: 503,
  secret_unavailable: 503,
  token_unavailable: 503,
  redaction_unavailable: 503,
} as const;

/** The `code` of a refusal, as callers see it. */
export type DenialCode = keyof typeof DENIALS;

/** The request does not go on. */
export interface Denied {
  readonly kind: 'deny';
  readonly code: DenialCode;
  /** A sentence for the caller: what is wrong and how to mend it. Holds no secret. */
  readonly message: string;
  readonly integration?: string;
  /** Name or ARN of the secret, when the refusal is about it. */
  readonly secret?: string;
  /** Who was refused, in one word. */
  readonly caller?: string;
  /** A finer reason for the audit record, for example `throttled`. */
  readonly reason?: string;
  /** After how many seconds it makes sense to try again. */
  readonly retryAfter?: number;
  /** How its client reads it. Absent: as JSON. */
  readonly dialect?: Dialect;
}

/** The request asked Attaché itself, and here is what it gets: it goes nowhere else. */
export interface Replied {
  readonly kind: 'reply';
  /** What it was about, for counts and the audit record. */
  readonly about: 'discovery';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Holds no secret. */
  readonly body: string;
}

/** What becomes of a request. */
export type Answer = Injected | Denied | Replied;

/** What is decided about a request as far as it is known: what becomes of it, or that more of it is needed. */
export type Decision = Answer | ReadBody;
