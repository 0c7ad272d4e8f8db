import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Token } from './token.ts';
import type { TokenError, TokenOrigin } from './token-error.ts';
import type { WriteBack } from './write-back.ts';

/** What getting a token may use. */
export interface MintContext {
  /** Ends every call that is still under way when time is up. */
  readonly signal: AbortSignal;
  /** Stores what a provider has replaced. */
  readonly writeBack: WriteBack;
}

/** A token that a request needs: what it is for, and how it is got. */
export interface TokenUse extends TokenOrigin {
  /**
   * The kind and everything that it asks for, in a fixed order: the same purpose and the same secret share a token, and nothing
   * else does. Not a secret: status pages show it.
   */
  readonly purpose: string;
  /** The version of the secret that it is got with. */
  readonly secret: SecretVersion;
  /** For this long after it was got, in ms, a refusal may mean that the destination has not heard of it yet. Default 0. */
  readonly settlesIn?: number;
  /** Why getting one takes longer than a request waits, where that is known; undefined where it is not. */
  pending?(): TokenError | undefined;
  /**
   * Gets one.
   *
   * @throws TokenError
   */
  mint(context: MintContext): Promise<Token>;
}
