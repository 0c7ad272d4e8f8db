import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SeenJwt } from '../support/github/app-jwt.ts';
import { type AppKeys, createAppKeys } from '../support/github/app-keys.ts';
import { badGateway, type Fault, rateLimited } from '../support/github/fault.ts';
import type { GitHub } from '../support/github/github.ts';
import type { Installation } from '../support/github/registry.ts';
import { openLoop } from '../support/open-loop.ts';
import { type GitHubStack, startGitHubStack } from './support/github-stack.ts';
import type { Reply } from './support/send.ts';

// Tokens have to grow old.
vi.setConfig({ testTimeout: 40_000 });

const APP = 4_711;
const ROTATING_APP = 4_712;
const MISTAKEN_APP = 4_713;
const REPLACED_APP = 4_714;

/** The route of each app. */
const routes = new Map([
  [APP, 'api'],
  [ROTATING_APP, 'rotating'],
  [MISTAKEN_APP, 'mistaken'],
  [REPLACED_APP, 'replaced'],
]);

/** A refusal of a token that is younger may mean that it is not known everywhere yet, in ms. */
const SETTLES_IN = 5_000;

let stack: GitHubStack;
let github: GitHub;
let keys: AppKeys;
let owners = 0;

beforeAll(async () => {
  keys = await createAppKeys();
  stack = await startGitHubStack(
    [
      { name: 'api', host: 'api.github.com', secret: 'github/app' },
      { name: 'rotating', host: 'api.github.com', secret: 'github/rotating' },
      { name: 'mistaken', host: 'api.github.com', secret: 'github/mistaken' },
      { name: 'replaced', host: 'api.github.com', secret: 'github/replaced' },
    ],
    {
      'github/app': { app_id: APP, private_key: keys.pkcs1 },
      'github/rotating': { app_id: ROTATING_APP, private_key: keys.pkcs1 },
      'github/mistaken': { app_id: MISTAKEN_APP, private_key: keys.pkcs1 },
      'github/replaced': { app_id: REPLACED_APP, private_key: keys.pkcs1 },
    },
    { ATTACHE_REFRESH_AFTER: '5s' },
  );
  github = stack.github;
  for (const appId of routes.keys()) github.registry.register({ appId, publicKeys: [keys.publicKey] });
});
afterAll(() => stack?.[Symbol.asyncDispose]());
beforeEach(() => {
  github.settings.tokenLifeMs = 3_600_000;
  github.settings.replicationLag = {};
  github.disturb(undefined);
});

/** An owner that nobody has asked about yet, with a repository `widgets`. */
function newOwner(appId = APP): Installation {
  owners += 1;
  const owner = `owner-${owners}`;
  github.registry.add(owner, 'widgets');
  return github.registry.install({ appId, owner, repositories: 'all', permissions: { issues: 'read' } });
}

const ask = ({ owner, appId }: Installation): Promise<Reply> =>
  stack.ask(routes.get(appId) ?? '', `/repos/${owner}/widgets/issues`);
const many = (count: number, installation: Installation) =>
  Promise.all(Array.from({ length: count }, () => ask(installation)));
const statusesOf = (replies: readonly Reply[]) => [...new Set(replies.map(({ status }) => status))];
const mintsOf = ({ owner }: Installation) => github.mints.entries.filter((mint) => mint.owner === owner);
const callsOf = ({ owner }: Installation) =>
  github.calls.entries.filter(({ operation, segments }) => operation === 'rest' && segments[1] === owner);
/** What happens to calls for a token of an installation. */
const disturbMints = (fault: (id: number) => Fault | undefined) =>
  github.disturb(({ operation, segments }) => (operation === 'create-token' ? fault(Number(segments[2])) : undefined));

describe('an empty cache', () => {
  it('asks for one token for 500 requests at once', async () => {
    const installation = newOwner();

    const replies = await many(500, installation);

    expect(statusesOf(replies)).toEqual([200]);
    expect(mintsOf(installation)).toHaveLength(1);
  });

  it('asks for one token for each owner', async () => {
    const installations = Array.from({ length: 5 }, () => newOwner());

    const replies = await Promise.all(installations.map((installation) => many(20, installation)));

    expect(statusesOf(replies.flat())).toEqual([200]);
    expect(installations.map((installation) => mintsOf(installation).length)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a token that is new', () => {
  it('is sent once more when it is refused, and no request fails', async () => {
    github.settings.replicationLag = { ms: 300 };
    const installation = newOwner();

    const replies = await many(50, installation);

    expect(statusesOf(replies)).toEqual([200]);
    expect(mintsOf(installation)).toHaveLength(1);
    expect(callsOf(installation).filter(({ status }) => status === 401)).not.toEqual([]);
  });
});

describe('a token that is revoked', () => {
  it('is replaced once when it is old, and no request fails', async () => {
    const installation = newOwner();
    await ask(installation);
    await sleep(SETTLES_IN + 100);
    for (const { token } of mintsOf(installation)) github.tokens.revoke(token);

    const replies = await many(100, installation);

    expect(statusesOf(replies)).toEqual([200]);
    expect(mintsOf(installation)).toHaveLength(2);
  });

  it('is replaced when it is new too, and no request fails', async () => {
    const installation = newOwner();
    await ask(installation);
    for (const { token } of mintsOf(installation)) github.tokens.revoke(token);

    const replies = await many(100, installation);

    expect(statusesOf(replies)).toEqual([200]);
    expect(mintsOf(installation)).toHaveLength(2);
  });

  it("stays refused by GitHub's own words while no other can be got", async () => {
    const installation = newOwner();
    await ask(installation);
    disturbMints((id) => (id === installation.id ? badGateway : undefined));
    for (const { token } of mintsOf(installation)) github.tokens.revoke(token);

    const reply = await ask(installation);

    expect(reply.status).toBe(401);
    expect(reply.json()).toMatchObject({ message: 'Bad credentials' });
    expect(reply.headers['x-attache-error']).toBeUndefined();
  });
});

describe('a destination that refuses every token', () => {
  it('answers for itself, and tokens are not asked for without end', async () => {
    const installation = newOwner();
    github.disturb(({ operation, segments }) =>
      operation === 'rest' && segments[1] === installation.owner
        ? { status: 401, body: { message: 'Bad credentials' } }
        : undefined,
    );
    const began = performance.now();
    const replies: Reply[] = [];

    while (performance.now() - began < 4_000) replies.push(...(await many(10, installation)));

    const seconds = (performance.now() - began) / 1_000;
    expect(statusesOf(replies)).toEqual([401]);
    expect(replies.filter(({ headers }) => headers['x-attache-error'] !== undefined)).toEqual([]);
    // The first one, two in a burst, and two a second.
    expect(mintsOf(installation).length).toBeLessThanOrEqual(3 + 2 * seconds);
    expect(mintsOf(installation).length).toBeGreaterThanOrEqual(2);
  });
});

describe('a token that expires', () => {
  it('is renewed under load, and no request fails', async () => {
    github.settings.tokenLifeMs = 3_000;
    const installation = newOwner();

    const { count, statuses } = await openLoop({ rate: 100, until: 8 }, async () => (await ask(installation)).status);

    expect(statuses).toEqual({ 200: count });
    expect(mintsOf(installation).length).toBeGreaterThanOrEqual(2);
    expect(mintsOf(installation).length).toBeLessThanOrEqual(10);
    // None was sent after its end.
    expect(callsOf(installation).filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('is served to its end while GitHub gives no other, then refused with the reason, and got again when GitHub is back', async () => {
    const faults: readonly (readonly [Fault, string])[] = [
      ['hang', 'did not answer in time'],
      [badGateway, 'HTTP 502'],
      ['cut', 'cannot be reached'],
      [rateLimited(403, 3), 'asks to be called less often'],
    ];
    github.settings.tokenLifeMs = 8_000;
    const cases = faults.map(([fault, words]) => ({ fault, words, installation: newOwner() }));
    await Promise.all(cases.map(({ installation }) => ask(installation)));
    disturbMints((id) => cases.find(({ installation }) => installation.id === id)?.fault);

    await Promise.all(
      cases.map(async ({ installation, words }) => {
        const end = mintsOf(installation)[0]?.expiresAt.getTime() ?? 0;
        const early: Reply[] = [];
        while (Date.now() < end - 3_500) {
          early.push(await ask(installation));
          await sleep(50);
        }
        await sleep(Math.max(0, end - Date.now()));
        const late = [await ask(installation), await ask(installation)];

        expect(statusesOf(early)).toEqual([200]);
        for (const reply of late) {
          expect([reply.status, reply.headers['x-attache-error']], words).toEqual([503, 'token_unavailable']);
          expect(reply.text).toContain(words);
          expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
        }
        expect(callsOf(installation).filter(({ status }) => status === 401)).toEqual([]);
      }),
    );
    github.disturb(undefined);
    github.settings.tokenLifeMs = 3_600_000;
    await expect
      .poll(async () => statusesOf(await Promise.all(cases.map(({ installation }) => ask(installation)))), {
        timeout: 10_000,
        interval: 250,
      })
      .toEqual([200]);
  });
});

describe("an app's private key", () => {
  it('is replaced in Secrets Manager and at GitHub, and no request fails', async () => {
    github.settings.tokenLifeMs = 3_000;
    const installation = newOwner(ROTATING_APP);
    const others = Array.from({ length: 20 }, () => newOwner(ROTATING_APP));
    const app = github.registry.app(ROTATING_APP);
    const next = await createAppKeys();
    await ask(installation);
    const end = new AbortController();
    const load = openLoop({ rate: 50, until: end.signal }, async () => (await ask(installation)).status);
    await sleep(1_000);
    await stack.stack.aws.put('github/rotating', JSON.stringify({ app_id: ROTATING_APP, private_key: next.pkcs8 }));
    if (app !== undefined) app.publicKeys = [next.publicKey];

    // Owners of whom no token is held make Attaché ask at once, with a key that it does not know to be old.
    const fresh = await Promise.all(others.map((one) => ask(one)));
    await sleep(7_000);
    end.abort();
    const { count, statuses } = await load;

    expect(statusesOf(fresh)).toEqual([200]);
    expect(statuses).toEqual({ 200: count });
    expect(github.jwts.entries.filter(({ refused }) => refused !== undefined)).not.toEqual([]);
  });

  it('that does not fit, or an app that there is not, leaves the version before in use', async () => {
    const { pkcs1 } = await createAppKeys();
    const mistakes = [
      { appId: MISTAKEN_APP, secret: 'github/mistaken', next: { app_id: MISTAKEN_APP, private_key: pkcs1 } },
      { appId: REPLACED_APP, secret: 'github/replaced', next: { app_id: 999_999, private_key: keys.pkcs1 } },
    ];

    const outcomes = await Promise.all(
      mistakes.map(async ({ appId, secret, next }) => {
        const [held, cold] = [newOwner(appId), newOwner(appId)];
        await ask(held);
        await stack.stack.aws.put(secret, JSON.stringify(next));
        const { count, statuses } = await openLoop({ rate: 20, until: 7 }, async () => (await ask(held)).status);
        return { failed: count - (statuses[200] ?? 0), cold: (await ask(cold)).status };
      }),
    );

    expect(outcomes).toEqual(mistakes.map(() => ({ failed: 0, cold: 200 })));
    for (const { next } of mistakes) {
      const isRefused = ({ claims, refused }: SeenJwt) => claims?.iss === String(next.app_id) && refused !== undefined;
      expect(github.jwts.entries.some(isRefused)).toBe(true);
    }
  });
});
