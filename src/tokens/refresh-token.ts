import { ReadError } from '../cache/read-error.ts';
import { parseSecretJson, withMembers } from '../secrets/secret-json.ts';
import { LARGEST_SECRET, type SecretVersion } from '../secrets/secret-version.ts';
import { lifetimeOf } from './lifetime.ts';
import { type Given, type OAuthClient, requestToken, tokenOf } from './oauth2.ts';
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

/**
 * How long an access token is taken to live that is stored and does not say, in ms: longer than the time between two writes, so that
 * there is never none. One that ends before is replaced when the destination refuses it.
 */
const UNSAID_STORED = 30 * 60_000;

/** Codes of connections over which nothing was sent: the refresh token is as good as before. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*)$/;

/** Error codes that say nothing against the refresh token itself. */
const ABOUT_OTHERS = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
]);

/** The fields of the secret that belong to a refresh token. */
interface Stored {
  readonly refreshToken: string;
  /** Stored beside the refresh token that came with it, so that the other processes need not ask for one of their own. */
  readonly accessToken: unknown;
  /** When it expires, in ISO 8601. */
  readonly expiresAt: unknown;
}

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
  readonly #writesBack: boolean;
  /** Whether the access token in the secret was given out, so that a further wish means another one. */
  #usedStored = false;
  /** The refresh token is used up, and what came in its place cannot be stored. */
  #lost: TokenError | undefined;
  /** Why the refresh token may be used up without anybody knowing what came in its place. */
  #unanswered: string | undefined;
  #isStoring = false;

  constructor(client: OAuthClient, secret: SecretVersion, options: { readonly writesBack: boolean }) {
    this.#client = client;
    this.#secret = secret;
    this.#writesBack = options.writesBack;
  }

  /** Why a token takes so long: the one that replaced the refresh token is being stored, and nothing is used before. */
  get pending(): TokenError | undefined {
    return this.#isStoring ? new TokenError(this.#client.origin, 'not_written_back', '') : undefined;
  }

  /** @throws TokenError */
  async token({ signal, writeBack }: MintContext): Promise<Token> {
    const before = storedIn(this.#secret);
    const stored = this.#usedStored ? undefined : storedToken(before);
    this.#usedStored = true;
    if (stored !== undefined) return stored;
    // A second use of it would make the provider end the grant.
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#writesBack) return this.#withoutStoring(before, signal);
    let given: Given | undefined;
    const current = await this.#guarded(() =>
      writeBack.replace(this.#client.origin.secretId, this.#secret, async (inherited) => {
        if (inherited) this.#unanswered = 'a process that renewed it ended before it had stored the answer';
        given = await this.#ask(before, AbortSignal.timeout(ROTATION_DEADLINE));
        return isReplaced(before, given) ? this.#toStore(given) : undefined;
      }),
    );
    const theirs = given === undefined ? storedToken(storedIn(current)) : tokenOf(given, UNSAID_STORED);
    if (current !== this.#secret) current.discard();
    if (theirs === undefined)
      throw new TokenError(this.#client.origin, 'not_written_back', 'another process has just replaced the secret');
    return theirs;
  }

  async #withoutStoring(before: Stored, signal: AbortSignal): Promise<Token> {
    const given = await this.#ask(before, signal);
    if (!isReplaced(before, given)) return tokenOf(given);
    this.#lost = new TokenError(this.#client.origin, 'refresh_token_rotated', '');
    throw this.#lost;
  }

  /** @throws TokenError when there is no answer. */
  async #ask({ refreshToken }: Stored, signal: AbortSignal): Promise<Given> {
    const grant = { type: 'refresh_token', parameters: async () => ({ refresh_token: refreshToken }) };
    try {
      const given = await requestToken(this.#client, grant, signal);
      if (!(given.access instanceof TokenError) || given.refreshToken !== undefined) this.#unanswered = undefined;
      else if (given.access.reason === 'refused') return { ...given, access: this.#refusal(given, given.access) };
      else if (given.access.reason === 'endpoint_failed') this.#unanswered ??= given.access.detail;
      return given;
    } catch (error) {
      if (error instanceof TokenError && !NEVER_SENT.test(error.detail)) this.#unanswered ??= error.detail;
      throw error;
    }
  }

  /** What a refusal means for whoever has to mend it. */
  #refusal({ error }: Given, refused: TokenError): TokenError {
    const { origin } = this.#client;
    if (error !== undefined && ABOUT_OTHERS.has(error)) return refused;
    if (this.#unanswered !== undefined)
      return new TokenError(origin, 'refresh_token_lost', this.#unanswered, refused.detail);
    const said = `${error ?? 'no reason given'}; if it stays so, authorise anew and store the new refresh token`;
    return new TokenError(origin, 'refused', said, refused.detail);
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TokenError || !(error instanceof ReadError)) throw error;
      throw new TokenError(this.#client.origin, 'not_written_back', error.reason, error.detail);
    } finally {
      this.#isStoring = false;
    }
  }

  /**
   * The secret with what came in place of its tokens; all else in it stays, digit by digit. The access token is left out where the
   * secret would become too large for AWS with it.
   *
   * @throws TokenError when the secret would be too large even so.
   */
  #toStore({ refreshToken, access }: Given): string {
    const has = access instanceof TokenError ? undefined : access;
    const expiresAt = new Date(Date.now() + (has?.life ?? UNSAID_STORED)).toISOString();
    const whole = { access_token: has?.token, access_token_expires_at: has && expiresAt };
    for (const beside of [whole, { access_token: undefined, access_token_expires_at: undefined }]) {
      const text = withMembers(this.#secret.reveal(), { refresh_token: refreshToken, ...beside });
      if (Buffer.byteLength(text) > LARGEST_SECRET) continue;
      this.#isStoring = true;
      return text;
    }
    const why = `with the new one the secret is larger than ${LARGEST_SECRET} bytes`;
    this.#lost = new TokenError(this.#client.origin, 'refresh_token_lost', why);
    throw this.#lost;
  }
}

/** The secret was read as an object with these fields before this was made, and whoever writes it keeps them. */
function storedIn(secret: SecretVersion): Stored {
  const { refresh_token, access_token, access_token_expires_at } = parseSecretJson(secret.reveal()) as Record<
    string,
    unknown
  >;
  return { refreshToken: String(refresh_token).trim(), accessToken: access_token, expiresAt: access_token_expires_at };
}

function isReplaced(before: Stored, { refreshToken }: Given): boolean {
  return refreshToken !== undefined && refreshToken !== before.refreshToken;
}

/** The access token in a secret, if there is one with enough life left. */
function storedToken({ accessToken: token, expiresAt: expires }: Stored): Token | undefined {
  if (typeof token !== 'string' || token === '' || typeof expires !== 'string') return undefined;
  const left = Date.parse(expires) - Date.now();
  return left >= LEAST_LEFT ? new Token(token, lifetimeOf(left)) : undefined;
}
