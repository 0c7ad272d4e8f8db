import type { Answer } from './answer.ts';
import { peek, verifyAppJwt } from './app-jwt.ts';
import type { Call } from './call.ts';
import { notFound, Refusal, suspended } from './refusal.ts';
import { type App, fullName, type Installation, slugOf } from './registry.ts';
import { now, type State } from './state.ts';
import { chosenRepositories, grantedPermissions, readTokenRequest } from './token-request.ts';
import { newTokenText } from './token-text.ts';
import { type Mint, namesOf } from './tokens.ts';

/**
 * Answers the calls that an app makes as itself, by its JWT.
 *
 * @throws Refusal as GitHub refuses
 * @see https://docs.github.com/en/rest/apps/apps
 */
export async function answerApp(state: State, call: Call, body: Buffer): Promise<Answer> {
  const app = await authenticate(state, call);
  if (call.operation === 'create-token') return createToken(state, app, call, body);
  if (call.method !== 'GET') throw notFound();
  const [first, second = ''] = call.segments;
  if (call.operation === 'find-installation') {
    return { status: 200, body: asJson(state, app, findInstallation(state, app, call)) };
  }
  if (call.segments.length === 1) return { status: 200, body: { id: app.appId, slug: slugOf(app), name: slugOf(app) } };
  if (first === 'app' && second === 'installations' && call.segments.length === 3) {
    return { status: 200, body: asJson(state, app, ownInstallation(state, app, call.segments[2])) };
  }
  throw notFound();
}

async function authenticate(state: State, { credential, at }: Call): Promise<App> {
  const jwt = credential?.scheme === 'bearer' ? credential.secret : undefined;
  try {
    const app = await verifyAppJwt(state.registry, jwt, now(state));
    state.jwts.add({ at, ...peek(jwt), refused: undefined });
    return app;
  } catch (error) {
    if (error instanceof Refusal) state.jwts.add({ at, ...peek(jwt), refused: error.message });
    throw error;
  }
}

function findInstallation({ registry }: State, app: App, { segments }: Call): Installation {
  const [first, owner = '', name = ''] = segments;
  const found = registry.installationOf(app, owner);
  if (found === undefined) throw notFound();
  // By /users GitHub finds an organization too; by /orgs it finds no user.
  if (first === 'orgs' && found.ownerType !== 'Organization') throw notFound();
  if (first === 'repos') {
    const repository = registry.repository(owner, name);
    if (repository === undefined || !registry.repositoriesOf(found).includes(repository)) throw notFound();
  }
  return found;
}

function ownInstallation({ registry }: State, app: App, id: string | undefined): Installation {
  const found = registry.installation(Number(id));
  if (found === undefined || found.appId !== app.appId) throw notFound();
  return found;
}

function createToken(state: State, app: App, call: Call, body: Buffer): Answer {
  const { registry, settings, tokens, mints } = state;
  if (call.segments.length !== 4) throw notFound();
  const installation = ownInstallation(state, app, call.segments[2]);
  if (installation.suspended) throw suspended();
  const asked = readTokenRequest(body);
  const chosen = chosenRepositories(asked, installation, registry);
  const permissions = grantedPermissions(asked, installation);
  const repositories = chosen ?? registry.repositoriesOf(installation);
  const override = { enabled: 'long', disabled: 'short' } as const;
  const form = override[call.headers['x-github-stateless-s2s-token'] as keyof typeof override] ?? settings.tokenForm;
  const mint: Mint = {
    at: call.at,
    host: call.host,
    app,
    installationId: installation.id,
    owner: installation.owner,
    asked,
    repositories: namesOf(repositories),
    permissions,
    token: newTokenText(form, app.appId),
    expiresAt: new Date(Math.ceil((now(state) + settings.tokenLifeMs) / 1000) * 1000),
  };
  tokens.keep(mint, chosen, settings.replicationLag);
  mints.add(mint);
  return {
    status: 201,
    body: {
      token: mint.token,
      expires_at: mint.expiresAt.toISOString().replace('.000Z', 'Z'),
      permissions,
      repository_selection: chosen === undefined && installation.repositories === 'all' ? 'all' : 'selected',
      ...(chosen === undefined
        ? {}
        : {
            repositories: chosen.map((one) => ({
              id: one.id,
              name: one.name,
              full_name: fullName(one),
              private: true,
            })),
          }),
    },
  };
}

function asJson(state: State, app: App, installation: Installation): object {
  const { id, owner, ownerType, repositories, permissions, suspended } = installation;
  return {
    id,
    app_id: app.appId,
    app_slug: slugOf(app),
    account: { login: owner, type: ownerType },
    target_type: ownerType,
    repository_selection: repositories === 'all' ? 'all' : 'selected',
    permissions: { metadata: 'read', ...permissions },
    suspended_at: suspended ? new Date(now(state)).toISOString() : null,
  };
}
