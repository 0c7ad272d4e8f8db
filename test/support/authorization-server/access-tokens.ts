import { type CryptoKey, jwtVerify } from 'jose';
import type { Provider, Token } from 'oidc-provider';
import type { Storage } from './storage.ts';

/** What an access token that is good now allows. */
export interface ActiveToken {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Undefined when the token is good for no resource in particular. */
  readonly audience: string | undefined;
  readonly expiresAt: Date;
}

/** Whether a token is good now; this is what an upstream asks. */
export class AccessTokens {
  readonly #provider: Provider;
  readonly #storage: Storage;
  readonly #publicKey: CryptoKey;
  readonly #issuer: string;
  /** Ids of JWTs, which the server itself does not keep. */
  readonly #jwts = new Set<string>();
  readonly #revoked = new Set<string>();

  constructor(provider: Provider, storage: Storage, publicKey: CryptoKey) {
    this.#provider = provider;
    this.#storage = storage;
    this.#publicKey = publicKey;
    this.#issuer = provider.issuer;
    for (const model of ['access_token', 'client_credentials']) {
      provider.on(`${model}.issued`, ({ jti }) => this.#jwts.add(jti));
    }
  }

  /** Undefined when it is none, has expired or was revoked. */
  async find(token: string): Promise<ActiveToken | undefined> {
    const found = (await this.#opaque(token)) ?? (await this.#jwt(token));
    if (found === undefined) return undefined;
    const [audience] = [found.aud].flat();
    return {
      clientId: found.clientId,
      scopes: found.scope?.split(' ') ?? [],
      audience,
      expiresAt: new Date(found.exp * 1_000),
    };
  }

  /** Revokes an access token, or the grant of a refresh token with all that came of it. */
  async revoke(token: string): Promise<void> {
    const jwt = await this.#jwt(token);
    if (jwt !== undefined) this.#revoked.add(jwt.jti);
    await (await this.#opaque(token))?.destroy();
    const grantId = (await this.#provider.RefreshToken.find(token))?.grantId;
    if (grantId === undefined) return;
    for (const model of ['AccessToken', 'RefreshToken']) await this.#storage.adapter(model).revokeByGrantId(grantId);
    await this.#storage.adapter('Grant').destroy(grantId);
  }

  /** Revokes every access token issued so far; refresh tokens stay good. */
  revokeAll(): void {
    this.#storage.of('AccessToken').clear();
    this.#storage.of('ClientCredentials').clear();
    for (const jti of this.#jwts) this.#revoked.add(jti);
  }

  async #opaque(token: string): Promise<Token | undefined> {
    const { AccessToken, ClientCredentials } = this.#provider;
    const found = (await AccessToken.find(token)) ?? (await ClientCredentials.find(token));
    return found?.isValid === true ? found : undefined;
  }

  async #jwt(token: string): Promise<Pick<Token, 'jti' | 'clientId' | 'scope' | 'aud' | 'exp'> | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        typ: 'at+jwt',
        issuer: this.#issuer,
        requiredClaims: ['jti', 'client_id', 'aud', 'exp'],
      });
      const { jti = '', aud = '', exp = 0, client_id: clientId, scope } = payload;
      if (this.#revoked.has(jti)) return undefined;
      return { jti, aud, exp, clientId: String(clientId), ...(typeof scope === 'string' ? { scope } : {}) };
    } catch {
      return undefined;
    }
  }
}
