import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Renewed } from './renewal.ts';
import type { TokenOrigin } from './token-error.ts';

/** Renews grants whose refresh tokens are replaced with each use, and stores what replaces them. */
export interface WriteBack {
  /**
   * Renews a grant, while no other process renews the same one, and stores the new refresh token before it says so.
   *
   * @param from the version of the secret with the refresh token that is used.
   * @param grant how that is done.
   * @param given told when a new refresh token has come, and is being stored.
   * @throws SecretError when the secret may not be replaced, or is being replaced by another process.
   * @throws RenewalCutOff when nobody knows what has become of it.
   */
  replace(from: SecretVersion, grant: GrantToRenew, given: () => void): Promise<Replaced>;
}

/** A grant as plain data: whoever renews it may be another process. */
export interface GrantToRenew {
  readonly origin: TokenOrigin;
  /** The block `oauth2` of the integration, as it was understood. */
  readonly oauth2: object;
  /** Why the refresh token may have been used already, without anybody knowing what came in its place. */
  readonly unanswered?: string | undefined;
}

/** What has become of a secret. */
export interface Replaced {
  /** The version that is current now. Unless it is the one that was to be replaced, the caller is its owner. */
  readonly current: SecretVersion;
  /** Absent: another process has replaced it meanwhile. */
  readonly renewed?: Renewed;
}

/** Whoever renewed a grant has ended without a word: the refresh token may be used up. */
export class RenewalCutOff extends Error {
  constructor() {
    super('the process that renewed it ended before it had an answer');
    this.name = 'RenewalCutOff';
  }
}
