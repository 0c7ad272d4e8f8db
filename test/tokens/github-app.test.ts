import { createPrivateKey } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { leadOver } from '../../src/tokens/endpoint-clock.ts';
import { GitHubApp } from '../../src/tokens/github-app.ts';
import type { TokenError } from '../../src/tokens/token-error.ts';
import type { Answer } from '../support/github/answer.ts';
import { type AppKeys, createAppKeys } from '../support/github/app-keys.ts';
import { type GitHub, startGitHub } from '../support/github/github.ts';

const APP = 4711;
const MINUTE = 60_000;

let github: GitHub;
let keys: AppKeys;
let installation: string;

beforeAll(async () => {
  const authority = await createAuthority('GitHub');
  github = await startGitHub({ certificate: await authority.issue(['127.0.0.1']) });
  keys = await createAppKeys();
  github.registry.register({ appId: APP, publicKeys: [keys.publicKey] });
  installation = String(
    github.registry.install({ appId: APP, owner: 'acme', repositories: 'all', permissions: { contents: 'read' } }).id,
  );
});
afterAll(() => github?.[Symbol.asyncDispose]());
afterEach(() => {
  github.disturb(undefined);
  github.settings.clockSkewMs = 0;
});

const endpoint = () => `127.0.0.1:${github.plainPort}`;

/** The outcome of asking for a token of the installation. */
async function ask(privateKey = keys.pkcs1, appId = APP) {
  const origin = { secretId: 'github/app', endpoint: endpoint() };
  const app = new GitHubApp(origin, `http://${endpoint()}/api/v3`, String(appId), createPrivateKey(privateKey));
  return app.token({ installation }, {}, AbortSignal.timeout(60_000)).catch((error: TokenError) => error);
}

const ALLOW_LIST =
  'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.';
const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

function forbidden(message: string, headers: Record<string, string> = {}, status = 403): Answer {
  return { status, headers, body: { message, documentation_url: 'https://docs.github.com/rest' } };
}

const inSeconds = (seconds: number) => String(Math.floor(Date.now() / 1_000) + seconds);

describe("GitHub's refusal", () => {
  it.each([
    ['an IP allow list', () => forbidden(ALLOW_LIST), 'address_refused', 'IP allow list', undefined],
    [
      'a suspended installation',
      () => forbidden('This installation has been suspended'),
      'not_installed',
      'suspended',
      undefined,
    ],
    [
      'a secondary limit',
      () => forbidden(SECONDARY, { 'retry-after': '90' }),
      'endpoint_throttled',
      'too many calls',
      90_000,
    ],
    ['a secondary limit without a time', () => forbidden(SECONDARY), 'endpoint_throttled', 'too many calls', 60_000],
    [
      'a secondary limit with 429',
      () => forbidden(SECONDARY, { 'retry-after': '30' }, 429),
      'endpoint_throttled',
      'too many',
      30_000,
    ],
    [
      'the primary limit',
      () =>
        forbidden('API rate limit exceeded for installation ID 1.', {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': inSeconds(1_200),
        }),
      'endpoint_throttled',
      'too many calls',
      1_200_000,
    ],
    [
      'something else',
      () => forbidden('Resource not accessible by integration'),
      'refused',
      'does not allow it',
      undefined,
    ],
    ['a page', () => ({ status: 502, body: '<html>' }), 'endpoint_failed', 'HTTP 502', undefined],
  ] as const)('is told apart by its words: %s', async (_, answer, reason, said, retryAfter) => {
    github.disturb(answer);

    const error = (await ask()) as TokenError;

    expect(error).toMatchObject({ reason, message: expect.stringContaining(said) });
    if (retryAfter === undefined) expect(error.retryAfter).toBeUndefined();
    else expect(Math.abs((error.retryAfter ?? 0) - retryAfter)).toBeLessThanOrEqual(2_000);
  });

  it('is told to the log in its own words', async () => {
    github.disturb(() => forbidden('Resource not accessible by integration'));

    expect(await ask()).toMatchObject({ detail: 'HTTP 403: Resource not accessible by integration' });
  });
});

describe("a clock that differs from GitHub's", () => {
  it.each([30_000, -30_000])('by %d ms is of no matter', async (ms) => {
    github.settings.clockSkewMs = ms;
    const before = github.jwts.entries.length;

    expect(await ask()).toHaveProperty('size');
    expect(github.jwts.entries).toHaveLength(before + 1);
  });

  it.each([-2 * MINUTE, 12 * MINUTE, 2 * 24 * 60 * MINUTE])(
    'by %d ms is found out, and known from then on',
    async (ms) => {
      github.settings.clockSkewMs = ms;

      expect(await ask()).toHaveProperty('size');
      expect(Math.abs(leadOver(endpoint()) + ms / 1_000)).toBeLessThanOrEqual(2);
      const before = github.jwts.entries.length;
      expect(await ask()).toHaveProperty('size');
      expect(github.jwts.entries).toHaveLength(before + 1);

      github.settings.clockSkewMs = 0;
      expect(await ask()).toHaveProperty('size');
    },
  );

  it('is named when it does not explain the refusal alone', async () => {
    github.settings.clockSkewMs = -5 * MINUTE;
    const { pkcs1 } = await createAppKeys();

    expect(await ask(pkcs1)).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/clock of this machine is (299|300|301) s ahead of/),
    });
  });

  it('is not blamed when it is right', async () => {
    const { pkcs1 } = await createAppKeys();

    expect(await ask(pkcs1)).toMatchObject({ message: expect.stringContaining('app_id and private_key do not fit') });
    expect(await ask(keys.pkcs1, 1)).toMatchObject({ message: expect.stringContaining('do not fit') });
  });
});

describe('an owner who was renamed', () => {
  const API = '/api/v3';
  const tokenFor = (owner: string) =>
    new GitHubApp(
      { secretId: 'github/app', endpoint: endpoint() },
      `http://${endpoint()}${API}`,
      String(APP),
      createPrivateKey(keys.pkcs1),
    )
      .token({ owner }, {}, AbortSignal.timeout(5_000))
      .catch((error: TokenError) => error);

  it.each([301, 302, 307, 308])('is found where GitHub redirects to with %i', async (status) => {
    github.disturb(({ path }) => {
      if (path === `${API}/orgs/once/installation`)
        return { status, headers: { location: `http://${endpoint()}${API}/organizations/77/installation` } };
      return path === `${API}/organizations/77/installation`
        ? { status: 200, body: { id: Number(installation) } }
        : undefined;
    });

    expect(await tokenFor('once')).toHaveProperty('size');
  });

  it.each([
    'http://elsewhere.example.test/api/v3/organizations/77/installation',
    'http://127.0.0.1:1/api/v3/organizations/77/installation',
    '/login',
  ])('is not followed to %s, which would get the token of the App', async (location) => {
    github.disturb(() => ({ status: 301, headers: { location } }));
    const before = github.calls.entries.length;

    expect(await tokenFor('once')).toMatchObject({ reason: 'endpoint_failed', detail: 'HTTP 301' });
    expect(github.calls.entries).toHaveLength(before + 1);
  });

  it('is followed once', async () => {
    github.disturb(({ path }) => ({ status: 301, headers: { location: path } }));
    const before = github.calls.entries.length;

    expect(await tokenFor('once')).toMatchObject({ reason: 'endpoint_failed' });
    expect(github.calls.entries).toHaveLength(before + 2);
  });
});
