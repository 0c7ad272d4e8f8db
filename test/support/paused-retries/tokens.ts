import { createAuthority } from '../../../local/certificates.ts';
import { startAuthorizationServer } from '../authorization-server/authorization-server.ts';
import { createAppKeys } from '../github/app-keys.ts';
import { startGitHub } from '../github/github.ts';
import { startGoogleTokenEndpoint } from '../google-token-endpoint.ts';

const APP = 4_711;

/** Who gives tokens for each kind of credential that sends one. */
export async function startTokens() {
  await using starting = new AsyncDisposableStack();
  const authorization = starting.use(await startAuthorizationServer());
  const google = starting.use(await startGoogleTokenEndpoint());
  const certificate = await (await createAuthority()).issue(['localhost']);
  const github = starting.use(await startGitHub({ certificate }));
  const keys = await createAppKeys();
  github.registry.register({ appId: APP, publicKeys: [keys.publicKey] });
  github.registry.add('acme', 'widgets');
  const { id } = github.registry.install({
    appId: APP,
    owner: 'acme',
    repositories: 'all',
    permissions: { issues: 'read' },
  });
  const client = authorization.clients.basic;
  const running = starting.move();
  return {
    blocks: {
      oauth2: { oauth2: { grant: 'client_credentials', token_url: authorization.tokenUrl, auth: 'basic' } },
      google: { google_service_account: { scopes: ['https://www.googleapis.com/auth/pubsub'] } },
      github: { github_app: { api: `http://127.0.0.1:${github.plainPort}/api/v3` } },
    },
    secrets: {
      oauth2: { client_id: client.id, client_secret: client.secret },
      google: await google.createKey('robot'),
      github: { app_id: APP, private_key: keys.pkcs1, installation_id: id },
    },
    /** Whether an authorization header carries a token that was given for this kind. */
    gave: async (kind: 'oauth2' | 'google' | 'github', header: string): Promise<boolean> => {
      if (kind === 'github') {
        const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
        return github.mints.entries.some(({ token }) => header === `Bearer ${token}` || header === basic(token));
      }
      const token = /^Bearer (\S+)$/.exec(header)?.[1] ?? '';
      const found = kind === 'google' ? google.activeToken(token) : await authorization.activeToken(token);
      return found !== undefined;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
