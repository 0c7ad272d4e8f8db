import type { NewVersion } from '../secrets/new-version.ts';
import type { GivenAccess } from '../tokens/oauth2.ts';
import type { TokenFailureReason } from '../tokens/token-error.ts';

/** What the process that renews grants is told. All messages are plain data: they cross a process boundary as JSON. */
export type ToRenewer =
  /** The first message: the level of its log. */
  | { readonly kind: 'start'; readonly log: string }
  | ({ readonly kind: 'renew'; readonly task: number } & RenewTask)
  | ({ readonly kind: 'store'; readonly task: number } & StoreTask);

/** A refresh token is to be used, and what comes in its place to be stored. Whoever asks holds the lease, and hands it over. */
export interface RenewTask {
  readonly secretId: string;
  /** The version of the secret that the refresh token stands in. */
  readonly from: NewVersion;
  readonly oauth2: object;
  /** Until when it may be begun, by {@link machineNow}: later, the lease may be another process's before all is stored. */
  readonly beginBy: number;
  readonly unanswered?: string | undefined;
}

/** A version is to be stored that another process was given, and had not stored when it ended. */
export interface StoreTask {
  readonly secretId: string;
  readonly version: NewVersion;
}

/** Milliseconds on a clock that all processes of this machine share, and that never goes back. */
export function machineNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** What that process says. */
export type FromRenewer =
  /** A new refresh token has come, in a version that is about to be stored. From here on two processes have it. */
  | {
      readonly kind: 'given';
      readonly task: number;
      readonly version: NewVersion;
      readonly access: PlainAccess;
      readonly ahead: number;
    }
  | { readonly kind: 'stored'; readonly task: number }
  /** Nothing was stored, and the lease was given back, unless it was too late to begin. */
  | {
      readonly kind: 'kept';
      readonly task: number;
      readonly access: PlainAccess;
      readonly ahead: number;
      readonly isLost?: boolean | undefined;
      readonly unanswered?: string | undefined;
    }
  /** The task could not be carried out, for a reason that nobody foresaw: an error of this name. The lease was given back. */
  | { readonly kind: 'failed'; readonly task: number; readonly name: string };

/** An access token, or why there is none. */
export type PlainAccess = GivenAccess | { readonly failure: PlainFailure };

/** A TokenError without its origin, which both sides know. */
export interface PlainFailure {
  readonly reason: TokenFailureReason;
  readonly said: string;
  readonly detail: string;
  /** In ms from now. */
  readonly retryAfter?: number | undefined;
}
