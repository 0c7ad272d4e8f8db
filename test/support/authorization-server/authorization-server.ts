import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, type Token } from 'oidc-provider';
import { closeServer, listenOnLoopback } from '../token-endpoint/listen.ts';
import { startTokenFront, type TokenFront } from '../token-endpoint/token-front.ts';
import { AccessTokens, type ActiveToken } from './access-tokens.ts';
import { type ClientName, clientNames, makeClient, type TestClients } from './clients.ts';
import { forward } from './forward.ts';
import { defaultScopes, type Resources, resourceIndicators } from './resources.ts';
import { Storage } from './storage.ts';

export interface AuthorizationServerOptions {
  /** Seconds that access tokens live, 600 unless given; whole ones. */
  readonly lifeSeconds?: number;
  /** Resources by URL; none unless given. Only tokens for a resource can be JWTs. */
  readonly resources?: Resources;
  /** Every use of a refresh token gives a new one, and a second use revokes the grant. False unless given. */
  readonly rotateRefreshTokens?: boolean;
}

/** For what a refresh token is good. */
export interface RefreshTokenOptions {
  /** `read` and `write` unless given. With `openid` the server sends an ID token along. */
  readonly scopes?: readonly string[];
  /** The URL of a resource. */
  readonly resource?: string;
}

/** A real authorization server (oidc-provider) on plain http, with a front that counts and makes trouble. */
export interface AuthorizationServer extends TokenFront {
  readonly issuer: string;
  /** Its clients with their current secrets and keys. */
  readonly clients: TestClients;
  /** Seconds that access tokens live which are issued from now on. */
  lifeSeconds: number;
  /** Gives a client a new secret or key, and returns it. The old one is refused at once. */
  rotate<Name extends ClientName>(name: Name): Promise<TestClients[Name]>;
  /** What a person's consent in a browser would have given. */
  issueRefreshToken(name: ClientName, options?: RefreshTokenOptions): Promise<string>;
  /** What an access token allows; undefined when it is not good now. */
  activeToken(token: string): Promise<ActiveToken | undefined>;
  /** Revokes an access token, or the grant of a refresh token with all that came of it. */
  revoke(token: string): Promise<void>;
  /** Revokes every access token issued so far; refresh tokens stay good. */
  revokeAll(): void;
}

const ACCOUNT = 'alice';

/** One pair for all servers of a process: to make one takes longer than most tests. */
let signingKeys: ReturnType<typeof generateKeyPair> | undefined;

/** Starts one on 127.0.0.1. Its token endpoint also takes `audience`, which names a resource as `resource` does. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const storage = new Storage();
  signingKeys ??= generateKeyPair('RS256', { extractable: true });
  const keys = await signingKeys;
  const clients = {} as { -readonly [Name in ClientName]: TestClients[Name] };
  const register = async <Name extends ClientName>(name: Name) => {
    const { client, metadata } = await makeClient(name);
    storage.of('Client').set(client.id, metadata);
    clients[name] = client;
    return client;
  };
  await Promise.all(clientNames.map(register));

  let inner = '';
  const front = await startTokenFront((incoming, body) => forward(inner, incoming, body));
  const life = (_: unknown, token: Token) => token.resourceServer?.accessTokenTTL ?? server.lifeSeconds;
  const provider = new Provider(front.origin, {
    adapter: (model: string) => storage.adapter(model),
    jwks: { keys: [{ ...(await exportJWK(keys.privateKey)), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'offline_access', ...defaultScopes],
    rotateRefreshToken: options.rotateRefreshTokens ?? false,
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { AccessToken: life, ClientCredentials: life, IdToken: 3_600, RefreshToken: 86_400, Grant: 86_400 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: resourceIndicators(options.resources ?? {}),
    },
  });
  provider.silent = true;
  const handle = provider.callback();
  const behind = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  inner = await listenOnLoopback(behind);
  const tokens = new AccessTokens(provider, storage, keys.publicKey);

  const closeFront = front[Symbol.asyncDispose];
  const server: AuthorizationServer = Object.assign(front, {
    issuer: front.origin,
    clients,
    lifeSeconds: options.lifeSeconds ?? 600,
    rotate: register,
    issueRefreshToken: (name: ClientName, wanted: RefreshTokenOptions = {}) =>
      issueRefreshToken(provider, clients[name].id, wanted),
    activeToken: (token: string) => tokens.find(token),
    revoke: (token: string) => tokens.revoke(token),
    revokeAll: () => tokens.revokeAll(),
    [Symbol.asyncDispose]: async () => {
      await closeFront();
      await closeServer(behind);
    },
  });
  return server;
}

async function issueRefreshToken(provider: Provider, clientId: string, options: RefreshTokenOptions): Promise<string> {
  const scope = (options.scopes ?? defaultScopes).join(' ');
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId });
  if (options.resource === undefined) grant.addOIDCScope(scope);
  else grant.addResourceScope(options.resource, scope);
  const token = new provider.RefreshToken({
    accountId: ACCOUNT,
    client: await provider.Client.find(clientId),
    grantId: await grant.save(),
    gty: 'authorization_code',
    scope,
    ...(options.resource === undefined ? {} : { resource: options.resource }),
  });
  return token.save();
}
