import { ReadError } from '../cache/read-error.ts';
import { parseSecretJson } from '../secrets/secret-json.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { lifetimeOf } from './lifetime.ts';
import { type OAuthClient, tokenOf } from './oauth2.ts';
import { askedFor, UNSAID_STORED, useRefreshToken } from './renewal.ts';
import { Token } from './token.ts';
import { TokenError } from './token-error.ts';
import type { MintContext } from './token-use.ts';
import { RenewalCutOff, type Replaced } from './write-back.ts';

/** An access token that was stored is used only with at least this much of its life left, in ms. */
const LEAST_LEFT = 30_000;

/**
 * Access tokens got with a refresh token. A provider that replaces the refresh token with each use leaves one chance to store the
 * new one: it is stored, with the access token, before anything else of the answer is judged or used; or, where storing is not
 * allowed, it is an error.
 *
 * An answer that does not arrive may have replaced it too. The same refresh token is then used again: many providers take it for
 * some time after its first use. Where they do not, nothing but a new authorisation helps, and the error says so.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export class RefreshToken {
  readonly #client: OAuthClient;
  readonly #secret: SecretVersion;
  /** The block `oauth2` with which it is stored. Absent: nothing is. */
  readonly #storedWith: object | undefined;
  /** Whether the access token in the secret was given out, so that a further wish means another one. */
  #usedStored = false;
  /** The refresh token is used up, and what came in its place cannot be stored. */
  #lost: TokenError | undefined;
  /** Why the refresh token may be used up without anybody knowing what came in its place. */
  #unanswered: string | undefined;
  #isStoring = false;

  /** @param options.storedWith the block `oauth2`, where what replaces the refresh token is stored. */
  constructor(client: OAuthClient, secret: SecretVersion, options: { readonly storedWith?: object | undefined } = {}) {
    this.#client = client;
    this.#secret = secret;
    this.#storedWith = options.storedWith;
  }

  /** Why a token takes so long: the one that replaced the refresh token is being stored, and nothing is used before. */
  get pending(): TokenError | undefined {
    return this.#isStoring ? new TokenError(this.#client.origin, 'not_written_back', '') : undefined;
  }

  /** @throws TokenError */
  async token({ signal, writeBack }: MintContext): Promise<Token> {
    const stored = this.#usedStored ? undefined : storedToken(this.#client, this.#secret);
    this.#usedStored = true;
    if (stored !== undefined) return stored;
    // A second use of it would make the provider end the grant.
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#storedWith === undefined) return this.#withoutStoring(signal);
    const { current, renewed } = await this.#replaced(writeBack, this.#storedWith);
    const theirs = renewed === undefined ? storedToken(this.#client, current) : undefined;
    if (current !== this.#secret) current.discard();
    if (renewed !== undefined) {
      this.#unanswered = renewed.unanswered;
      if (renewed.isLost === true && renewed.access instanceof TokenError) this.#lost = renewed.access;
      return tokenOf(renewed, UNSAID_STORED);
    }
    if (theirs === undefined)
      throw new TokenError(this.#client.origin, 'not_written_back', 'another process has just replaced the secret');
    return theirs;
  }

  async #withoutStoring(signal: AbortSignal): Promise<Token> {
    const { given, unanswered } = await useRefreshToken(this.#client, this.#secret, this.#unanswered, signal);
    this.#unanswered = unanswered;
    if (given.refreshToken === undefined) return tokenOf(given);
    this.#lost = new TokenError(this.#client.origin, 'refresh_token_rotated', '');
    throw this.#lost;
  }

  async #replaced(writeBack: MintContext['writeBack'], oauth2: object): Promise<Replaced> {
    const { origin } = this.#client;
    const grant = { origin, oauth2, unanswered: this.#unanswered };
    try {
      return await writeBack.replace(this.#secret, grant, () => {
        this.#isStoring = true;
      });
    } catch (error) {
      if (error instanceof RenewalCutOff) {
        this.#unanswered ??= error.message;
        throw new TokenError(origin, 'not_written_back', error.message);
      }
      if (error instanceof ReadError) throw new TokenError(origin, 'not_written_back', error.reason, error.detail);
      throw error;
    } finally {
      this.#isStoring = false;
    }
  }
}

/** The access token in a secret, if there is one with enough life left: it was read as an object before, and whoever writes it keeps that. */
function storedToken(client: OAuthClient, secret: SecretVersion): Token | undefined {
  const fields = parseSecretJson(secret.reveal()) as Record<string, unknown>;
  const { access_token: token, access_token_expires_at: expires, access_token_for: purpose } = fields;
  if (purpose !== undefined && purpose !== askedFor(client)) return undefined;
  if (typeof token !== 'string' || token === '' || typeof expires !== 'string') return undefined;
  const left = Date.parse(expires) - Date.now();
  return left >= LEAST_LEFT ? new Token(token, lifetimeOf(left)) : undefined;
}
