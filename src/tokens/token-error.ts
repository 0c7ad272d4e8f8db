import { now } from '../cache/clock.ts';
import { type FailurePolicy, STANDING, TRANSIENT, VERDICT } from '../cache/failure-policy.ts';
import { ReadError } from '../cache/read-error.ts';

/** Whoever is asked too often is asked ever more rarely, unless it says itself when to come again. */
const THROTTLED: FailurePolicy = { ...TRANSIENT, coldRetry: { first: 1_000, most: 30_000 } };

/** Every way in which getting a token fails, and what follows from it. */
export const TOKEN_FAILURES = {
  /** No connection: refused, reset, no such host, TLS failure. */
  endpoint_unreachable: TRANSIENT,
  /** No answer within the deadline. */
  endpoint_timeout: TRANSIENT,
  /** The endpoint failed inside, or answered with something that is not of its protocol. */
  endpoint_failed: TRANSIENT,
  /** The endpoint asks to be called less often. */
  endpoint_throttled: THROTTLED,
  /** The endpoint does not take what the secret holds. */
  refused: VERDICT,
  /** The endpoint takes no calls from the address of this machine. */
  address_refused: STANDING,
  /** The GitHub App is not installed where the request goes, or not for these repositories or permissions. */
  not_installed: VERDICT,
  /** The endpoint answered well, but with no token that can be used. */
  unusable_token: STANDING,
  /** The provider replaces its refresh tokens, and this integration may not store the new one. */
  refresh_token_rotated: STANDING,
  /** The refresh token was used, what came in its place is not known, and the endpoint does not take it again. */
  refresh_token_lost: STANDING,
  /** The new refresh token could not be stored, or another process is about to get one. */
  not_written_back: TRANSIENT,
} as const satisfies Record<string, FailurePolicy>;

/** The name of one way in which getting a token fails. */
export type TokenFailureReason = keyof typeof TOKEN_FAILURES;

/** Where a token comes from, for errors: nothing of it is secret. */
export interface TokenOrigin {
  /** Name or ARN of the secret. */
  readonly secretId: string;
  /** Host of the endpoint. */
  readonly endpoint: string;
}

/** A token could not be got. The message is safe to show to callers: it names the secret, the endpoint and the reason. */
export class TokenError extends ReadError {
  override readonly reason: TokenFailureReason;
  override readonly detail: string;
  /** What of the endpoint's answer callers are told. */
  readonly said: string;
  /** When the endpoint is asked again at the earliest, on the clock; said by whoever asks. Absent: as its policy has it. */
  askedAgainAt?: number;

  /**
   * @param said what may be told to callers of the endpoint's answer, for example an error code of OAuth.
   * @param detail more, for the log alone; never a body, which may repeat what was sent.
   * @param retryAfter how long the endpoint asks not to be asked again, in ms from now.
   */
  constructor(
    origin: TokenOrigin,
    reason: TokenFailureReason,
    said: string,
    detail: string = said,
    retryAfter?: number,
  ) {
    const what = EXPLANATIONS[reason](origin.endpoint, said === '' ? '' : ` (${said})`);
    super(`secret ${origin.secretId}: ${what}`, retryAfter);
    this.name = 'TokenError';
    this.reason = reason;
    this.said = said;
    this.detail = detail;
  }

  /** How long a caller should wait before it asks again, in ms. */
  get pause(): number {
    return Math.max(this.policy.coldRetry.first, (this.askedAgainAt ?? 0) - now());
  }

  override get policy(): FailurePolicy {
    return TOKEN_FAILURES[this.reason];
  }
}

const EXPLANATIONS: Record<TokenFailureReason, (endpoint: string, said: string) => string> = {
  endpoint_unreachable: (endpoint) => `${endpoint}, which gives its tokens, cannot be reached; try again shortly`,
  endpoint_timeout: (endpoint) => `${endpoint}, which gives its tokens, did not answer in time; try again shortly`,
  endpoint_failed: (endpoint, said) => `${endpoint}, which gives its tokens, failed${said}; try again shortly`,
  endpoint_throttled: (endpoint, said) =>
    `${endpoint}, which gives its tokens, asks to be called less often${said}; try again shortly`,
  refused: (endpoint, said) =>
    `${endpoint} gives no token for it${said}; see that the secret holds what is valid there and that what the integration asks for is granted`,
  address_refused: (endpoint, said) =>
    `${endpoint} gives no token to the address of this machine${said}; have its owner add the address to the list of those that are allowed`,
  not_installed: (endpoint, said) =>
    `${endpoint} gives no token for this request${said}; install the GitHub App there, with these repositories and permissions`,
  unusable_token: (endpoint, said) => `${endpoint} gave no token that can be used${said}; see its documentation`,
  refresh_token_rotated: (endpoint) =>
    `${endpoint} replaces its refresh tokens, and the new one may not be stored; authorise anew, store the refresh token and write write_back: true`,
  refresh_token_lost: (endpoint, said) =>
    `its refresh token was used, the answer that replaced it is lost${said}, and ${endpoint} does not take it again; authorise anew and store the new refresh token in the secret`,
  not_written_back: (_, said) => `its new refresh token is not stored yet${said}; try again shortly`,
};
