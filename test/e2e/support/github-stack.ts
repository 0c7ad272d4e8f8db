import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../../local/certificates.ts';
import { type EnvoyDocument, pathOfCluster } from '../../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../../local/stack.ts';
import { type GitHub, startGitHub } from '../../support/github/github.ts';
import { startTunnel } from '../../support/tunnel.ts';
import { addRoutes } from './routes.ts';
import { type Message, type Reply, send } from './send.ts';

/** A route to GitHub: reached as `<name>.int`. */
export interface GitHubRoute {
  readonly name: string;
  /** `github.com`, `api.github.com`, or `enterprise` for the host of the GitHub Enterprise Server. */
  readonly host: string;
  readonly secret: string;
  /** What stands under `github_app`; `api` is filled in for the GitHub Enterprise Server. */
  readonly app?: Readonly<Record<string, unknown>>;
  /** Gets the tokens over plain http, on loopback. */
  readonly plain?: boolean;
}

/** Envoy, Attaché and a local AWS, with github.com and a GitHub Enterprise Server as the only destinations. */
export interface GitHubStack extends AsyncDisposable {
  readonly stack: Stack;
  readonly github: GitHub;
  readonly enterprise: GitHub;
  /** Everything that callers got through {@link GitHubStack.ask}. */
  readonly replies: Reply[];
  /** For clones; gone with the stack. */
  readonly folder: string;
  /** Sends a request to `<name>.int`. */
  ask(name: string, path: string, more?: Partial<Message>): Promise<Reply>;
}

/**
 * Starts it. Attaché finds api.github.com where it always is, through a proxy that leads to the stand-in; so `api` is left out as
 * users leave it out.
 *
 * @param secrets by name, what they hold as JSON.
 */
export async function startGitHubStack(
  routes: readonly GitHubRoute[],
  secrets: Readonly<Record<string, object>>,
  env: Readonly<Record<string, string>> = {},
): Promise<GitHubStack> {
  await using starting = new AsyncDisposableStack();
  const authority = await createAuthority();
  const folder = await mkdtemp(join(tmpdir(), 'github-stack-'));
  starting.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.certificate);
  const github = starting.use(
    await startGitHub({ certificate: await authority.issue(['github.com', 'api.github.com']) }),
  );
  const enterprise = starting.use(await startGitHub({ certificate: await authority.issue(['localhost']) }));
  const tunnel = starting.use(await startTunnel(github.port));
  const enterpriseHost = `localhost:${enterprise.port}`;
  const stack = starting.use(
    await startStack({
      attache: false,
      edit: (document) => {
        destination(document, 'internet', github.port, caFile);
        addEnterprise(document, enterprise.port);
        addRoutes(
          document,
          ...routes.map(({ name, host, secret, app, plain }) => {
            const isEnterprise = host === 'enterprise';
            const api =
              plain === true ? `http://127.0.0.1:${github.plainPort}/api/v3` : `https://${enterpriseHost}/api/v3`;
            return {
              name,
              host: isEnterprise ? enterpriseHost : host,
              route: { cluster: isEnterprise ? 'enterprise' : 'internet' },
              attache: {
                integration: name,
                secret,
                github_app: { ...app, ...(isEnterprise || plain === true ? { api } : {}) },
              },
            };
          }),
        );
      },
    }),
  );
  await Promise.all(Object.entries(secrets).map(([name, value]) => stack.aws.put(name, JSON.stringify(value))));
  await stack.startAttache({
    // Signing and asking for tokens takes a busy machine its time.
    ATTACHE_FETCH_DEADLINE: '8s',
    ATTACHE_LOG: 'trace',
    NODE_EXTRA_CA_CERTS: caFile,
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: tunnel.url,
    NO_PROXY: 'localhost',
    ...env,
  });
  const replies: Reply[] = [];
  const running = starting.move();
  return {
    stack,
    github,
    enterprise,
    replies,
    folder,
    ask: async (name, path, more) => {
      const reply = await send(stack.port, { host: `${name}.int`, path, ...more });
      replies.push(reply);
      return reply;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function destination(document: EnvoyDocument, cluster: string, port: number, caFile?: string): void {
  const path = pathOfCluster(document, cluster);
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  document.setIn(
    [...path, 'load_assignment'],
    document.createNode({ cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] }),
  );
  const tls = [
    'transport_socket',
    'typed_config',
    'common_tls_context',
    'validation_context',
    'trusted_ca',
    'filename',
  ];
  if (caFile !== undefined) document.setIn([...path, ...tls], caFile);
}

/** A second cluster, in all like the first. */
function addEnterprise(document: EnvoyDocument, port: number): void {
  const internet = document.getIn(pathOfCluster(document, 'internet'), true) as { toJS(of: EnvoyDocument): object };
  document.addIn(
    ['static_resources', 'clusters'],
    document.createNode({ ...internet.toJS(document), name: 'enterprise' }),
  );
  destination(document, 'enterprise', port);
}
