import type { TokenEndpointResponse } from 'oauth4webapi';
import { ReadError } from '../cache/read-error.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { lifetimeOf } from './lifetime.ts';
import { type OAuthClient, requestToken } from './oauth2.ts';
import { Token } from './token.ts';
import { TokenError } from './token-error.ts';
import type { MintContext } from './token-use.ts';

/** An access token that was stored is used only with at least this much of its life left, in ms. */
const LEAST_LEFT = 30_000;

/**
 * How long an answer is waited for that may hold a new refresh token, in ms. Whoever gives up early loses it; and other processes
 * take the lease for theirs after a minute.
 */
const ROTATION_DEADLINE = 20_000;

/** The fields of the secret that belong to a refresh token. */
interface Stored {
  readonly refresh_token: string;
  /** Stored beside the refresh token that came with it, so that the other processes need not ask for one of their own. */
  readonly access_token?: unknown;
  /** When it expires, in ISO 8601. */
  readonly access_token_expires_at?: unknown;
}

/**
 * Access tokens got with a refresh token. A provider that replaces the refresh token with each use leaves one chance to store the
 * new one: it is stored, with the access token, before that is used; or, where storing is not allowed, it is an error.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export class RefreshToken {
  readonly #client: OAuthClient;
  readonly #secret: SecretVersion;
  readonly #writesBack: boolean;
  /** Whether the access token in the secret was given out, so that a further wish means another one. */
  #usedStored = false;
  /** The refresh token is used up, and what came in its place was not stored. */
  #lost: TokenError | undefined;

  constructor(client: OAuthClient, secret: SecretVersion, options: { readonly writesBack: boolean }) {
    this.#client = client;
    this.#secret = secret;
    this.#writesBack = options.writesBack;
  }

  /** @throws TokenError */
  async token({ signal, writeBack }: MintContext): Promise<Token> {
    const before = this.#fields(this.#secret);
    const stored = this.#usedStored ? undefined : storedToken(before);
    this.#usedStored = true;
    if (stored !== undefined) return stored;
    if (!this.#writesBack) return this.#withoutStoring(before, signal);
    let token: Token | undefined;
    const current = await this.#guarded(() =>
      writeBack.replace(this.#client.origin.secretId, this.#secret, async () => {
        const patience = AbortSignal.timeout(ROTATION_DEADLINE);
        const answer = await requestToken(this.#client, before.refresh_token, patience);
        token = tokenOf(answer);
        return isReplaced(before, answer) ? JSON.stringify(toStore(before, answer)) : undefined;
      }),
    );
    const theirs = token ?? storedToken(this.#fields(current));
    if (current !== this.#secret) current.discard();
    if (theirs === undefined)
      throw new TokenError(this.#client.origin, 'not_written_back', 'another process has just replaced the secret');
    return theirs;
  }

  async #withoutStoring(before: Stored, signal: AbortSignal): Promise<Token> {
    // A second use of it would make the provider end the grant.
    if (this.#lost !== undefined) throw this.#lost;
    const answer = await requestToken(this.#client, before.refresh_token, signal);
    if (!isReplaced(before, answer)) return tokenOf(answer);
    this.#lost = new TokenError(this.#client.origin, 'refresh_token_rotated', '');
    throw this.#lost;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TokenError || !(error instanceof ReadError)) throw error;
      throw new TokenError(this.#client.origin, 'not_written_back', error.reason, error.detail);
    }
  }

  /** The secret was read as an object with these fields before this was made, and whoever writes it keeps them. */
  #fields(secret: SecretVersion): Stored {
    return JSON.parse(secret.reveal()) as Stored;
  }
}

function isReplaced(before: Stored, answer: TokenEndpointResponse): boolean {
  return answer.refresh_token !== undefined && answer.refresh_token !== before.refresh_token;
}

/** The life of an access token, in ms. */
function lifeOf({ expires_in: seconds }: TokenEndpointResponse): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** An access token of OAuth with its life. */
export function tokenOf(answer: TokenEndpointResponse): Token {
  return new Token(answer.access_token, lifetimeOf(lifeOf(answer)));
}

function toStore(before: Stored, answer: TokenEndpointResponse): Stored {
  const life = lifeOf(answer);
  const { access_token: _, access_token_expires_at: __, ...others } = before;
  return {
    ...others,
    refresh_token: answer.refresh_token ?? before.refresh_token,
    ...(life === undefined
      ? {}
      : { access_token: answer.access_token, access_token_expires_at: new Date(Date.now() + life).toISOString() }),
  };
}

/** The access token in a secret, if there is one with enough life left. */
function storedToken({ access_token: token, access_token_expires_at: expires }: Stored): Token | undefined {
  if (typeof token !== 'string' || token === '' || typeof expires !== 'string') return undefined;
  const left = Date.parse(expires) - Date.now();
  return left >= LEAST_LEFT ? new Token(token, lifetimeOf(left)) : undefined;
}
