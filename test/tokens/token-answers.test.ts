import fc from 'fast-check';
import { None } from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Given, requestToken, tokenOf } from '../../src/tokens/oauth2.ts';
import { TokenError } from '../../src/tokens/token-error.ts';
import { type PlainAnswer, startTokenFront, type TokenFront } from '../support/token-endpoint/token-front.ts';

let front: TokenFront;
let answer: PlainAnswer;

beforeAll(async () => {
  front = await startTokenFront(() => answer);
});
afterAll(() => front[Symbol.asyncDispose]());

/** What a client makes of an answer. */
async function given(next: PlainAnswer): Promise<Given> {
  answer = next;
  const client = {
    origin: { secretId: 'prod/api', endpoint: 'auth.example.com' },
    tokenUrl: front.tokenUrl,
    clientId: 'the-client',
    authentication: None(),
    parameters: new URLSearchParams(),
  };
  const parameters = async () => ({ refresh_token: 'the-old-refresh-token' });
  return requestToken(client, { type: 'refresh_token', parameters }, AbortSignal.timeout(60_000));
}

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

function plain(body: object | string, status = 200, type: string | undefined = JSON_TYPE): PlainAnswer {
  return {
    status,
    headers: type === undefined ? {} : { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

const UNSAID = undefined;
const usual = { access_token: 'AT', token_type: 'Bearer', expires_in: 3_600 };

/** Answers that hold a token: its life in seconds and the refresh token, as they are read. */
const TOKENS: readonly (readonly [
  name: string,
  answer: PlainAnswer,
  life?: number | undefined,
  refreshToken?: string,
])[] = [
  // By providers.
  ['Okta', plain({ ...usual, scope: 'a b', refresh_token: 'RT' }, 200, 'application/json;charset=UTF-8'), 3_600, 'RT'],
  [
    'GitHub, a form',
    plain('access_token=AT&expires_in=28800&refresh_token=RT&scope=repo%2Cgist&token_type=bearer', 200, FORM),
    28_800,
    'RT',
  ],
  [
    'Salesforce, no life',
    plain({
      access_token: 'AT',
      instance_url: 'https://x.test',
      token_type: 'Bearer',
      issued_at: '1700000000000',
      signature: 'x',
    }),
    UNSAID,
  ],
  [
    'Facebook, an old form as text',
    plain('access_token=AT&expires=5183999', 200, 'text/plain; charset=UTF-8'),
    5_183_999,
  ],
  [
    'Facebook, JSON as JavaScript',
    plain({ access_token: 'AT', token_type: 'bearer', expires_in: 5_183_944 }, 200, 'text/javascript; charset=UTF-8'),
    5_183_944,
  ],
  [
    'LinkedIn, no kind',
    plain({ access_token: 'AT', expires_in: 5_184_000, refresh_token: 'RT', refresh_token_expires_in: 31_536_000 }),
    5_184_000,
    'RT',
  ],
  [
    'Zoom',
    plain({
      access_token: 'AT',
      token_type: 'bearer',
      expires_in: 3_599,
      scope: 'user:read:admin',
      api_url: 'https://api.zoom.us',
    }),
    3_599,
  ],
  [
    'PayPal',
    plain({
      scope: 'https://uri.paypal.com/x',
      access_token: 'AT',
      token_type: 'Bearer',
      app_id: 'APP',
      expires_in: 32_400,
      nonce: 'n',
    }),
    32_400,
  ],
  ['Spotify', plain({ access_token: 'AT', token_type: 'Bearer', expires_in: 3_600 }), 3_600],
  ['Shopify, scopes alone', plain({ access_token: 'AT', scope: 'write_orders,read_customers' }), UNSAID],
  ['HubSpot', plain({ token_type: 'bearer', refresh_token: 'RT', access_token: 'AT', expires_in: 1_800 }), 1_800, 'RT'],
  [
    'QuickBooks',
    plain({
      x_refresh_token_expires_in: 8_726_400,
      refresh_token: 'RT',
      access_token: 'AT',
      token_type: 'bearer',
      expires_in: 3_600,
    }),
    3_600,
    'RT',
  ],
  [
    'Azure AD v1, lives as text',
    plain({
      token_type: 'Bearer',
      expires_in: '3599',
      ext_expires_in: '3599',
      expires_on: '1700000000',
      access_token: 'AT',
    }),
    3_599,
  ],
  [
    'Slack, a kind of its own',
    plain({
      ok: true,
      access_token: 'AT',
      token_type: 'bot',
      expires_in: 43_200,
      refresh_token: 'RT',
      team: { id: 'T' },
    }),
    43_200,
    'RT',
  ],
  [
    'Twitch, scopes as a list',
    plain({
      access_token: 'AT',
      expires_in: 14_124,
      refresh_token: 'RT',
      scope: ['channel:read'],
      token_type: 'bearer',
    }),
    14_124,
    'RT',
  ],
  [
    'Xero',
    plain({
      id_token: 'x',
      access_token: 'AT',
      expires_in: 1_800,
      token_type: 'Bearer',
      refresh_token: 'RT',
      scope: 'offline_access',
    }),
    1_800,
    'RT',
  ],
  [
    'Box',
    plain({ access_token: 'AT', expires_in: 4_169, restricted_to: [], token_type: 'bearer', refresh_token: 'RT' }),
    4_169,
    'RT',
  ],
  [
    'Notion, a null',
    plain({ access_token: 'AT', token_type: 'bearer', bot_id: 'b', owner: {}, expires_in: null }),
    UNSAID,
  ],
  [
    'Google',
    plain({ access_token: 'AT', expires_in: 3_599, scope: 's', token_type: 'Bearer', id_token: 'e.y.j' }),
    3_599,
  ],
  [
    'DocuSign',
    plain({ access_token: 'AT', token_type: 'Bearer', refresh_token: 'RT', expires_in: 28_800 }),
    28_800,
    'RT',
  ],
  [
    'Stripe Connect',
    plain({
      access_token: 'AT',
      livemode: false,
      refresh_token: 'RT',
      token_type: 'bearer',
      stripe_publishable_key: 'pk',
      scope: 'read_write',
    }),
    UNSAID,
    'RT',
  ],
  [
    'Bitbucket, scopes by another name',
    plain({
      scopes: 'account',
      access_token: 'AT',
      expires_in: 7_200,
      token_type: 'bearer',
      state: 'x',
      refresh_token: 'RT',
    }),
    7_200,
    'RT',
  ],
  // Statuses.
  ...[200, 201, 202, 203, 206, 299].map(
    (status) => [`status ${status}`, plain({ ...usual, refresh_token: 'RT' }, status), 3_600, 'RT'] as const,
  ),
  // Content types.
  ...(
    [undefined, 'text/html', 'text/plain', 'application/octet-stream', 'application/vnd.api+json', '*/*', ''] as const
  ).map((type) => [`JSON as ${type}`, plain(usual, 200, type), 3_600] as const),
  ['a form as JSON', plain('access_token=AT&expires_in=60', 200, JSON_TYPE), 60],
  ['a form with a line break behind it', plain('access_token=AT&expires_in=60\r\n', 200, FORM), 60],
  ['JSON behind a byte order mark', plain(`\ufeff${JSON.stringify(usual)}`), 3_600],
  ['JSON among blanks', plain(`\r\n  ${JSON.stringify(usual, undefined, 2)}\n`), 3_600],
  // Members of other types.
  ...([['a', 'b'], [], null, 0, {}, true, ''] as const).map(
    (scope) =>
      [`scope ${JSON.stringify(scope)}`, plain({ ...usual, scope, refresh_token: 'RT' }), 3_600, 'RT'] as const,
  ),
  ...(['BEARER', 'bearer', 'JWT', 'user', 'access_token', 'Token', '', null, 7, [], {}] as const).map(
    (type) => [`token_type ${JSON.stringify(type)}`, plain({ ...usual, token_type: type }), 3_600] as const,
  ),
  ...(['junk', '', null, 7, {}, 'e30.e30.x'] as const).map(
    (idToken) =>
      [
        `id_token ${JSON.stringify(idToken)}`,
        plain({ ...usual, id_token: idToken, refresh_token: 'RT' }),
        3_600,
        'RT',
      ] as const,
  ),
  ...([null, '', '  ', [], {}, false] as const).map(
    (refresh) =>
      [`refresh_token ${JSON.stringify(refresh)}`, plain({ ...usual, refresh_token: refresh }), 3_600] as const,
  ),
  [
    'refresh_token as a number',
    plain('{"access_token":"AT","expires_in":60,"refresh_token":9007199254740993}'),
    60,
    '9007199254740993',
  ],
  ...(
    [
      [60, 60],
      ['60', 60],
      [' 60 ', 60],
      [59.5, 59.5],
      ['59.5', 59.5],
      [1e3, 1_000],
      [0, UNSAID],
      ['0', UNSAID],
      [-1, UNSAID],
      ['-1', UNSAID],
      ['', UNSAID],
      ['never', UNSAID],
      ['PT1H', UNSAID],
      [[], UNSAID],
      [{}, UNSAID],
      [true, UNSAID],
      [1e300, 31_536_000],
      [Number.MAX_SAFE_INTEGER, 31_536_000],
    ] as const
  ).map(
    ([expires, life]) =>
      [`expires_in ${JSON.stringify(expires)}`, plain({ ...usual, expires_in: expires }), life] as const,
  ),
  ['an error beside the token', plain({ ...usual, error: '', error_description: null }), 3_600],
  ['a word of success beside the token', plain({ ...usual, error: 0, code: 0, status: 'success' }), 3_600],
];

/** Answers that hold none: what is made of them, and what callers are told. */
const FAILURES: readonly (readonly [name: string, answer: PlainAnswer, reason: string, said: string])[] = [
  ['Slack, 200', plain({ ok: false, error: 'invalid_refresh_token' }), 'refused', 'invalid_refresh_token'],
  ['Slack, too often', plain({ ok: false, error: 'ratelimited' }), 'endpoint_throttled', 'ratelimited'],
  [
    'GitHub, 200, a form',
    plain(
      'error=bad_refresh_token&error_description=The+refresh+token+passed+is+incorrect+or+expired.&error_uri=x',
      200,
      FORM,
    ),
    'refused',
    'bad_refresh_token',
  ],
  [
    'Facebook, an object',
    plain({ error: { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 } }, 400),
    'refused',
    'OAuthException',
  ],
  [
    'HubSpot',
    plain({ status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' }, 400),
    'refused',
    'BAD_REFRESH_TOKEN',
  ],
  [
    'Zoom',
    plain({ reason: 'Invalid client_id or client_secret', error: 'invalid_client' }, 400),
    'refused',
    'invalid_client',
  ],
  [
    'Azure AD',
    plain(
      {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.',
        error_codes: [7_000_215],
      },
      401,
    ),
    'refused',
    'invalid_client',
  ],
  [
    'LinkedIn',
    plain({ serviceErrorCode: 65_600, message: 'Invalid access token', status: 401 }, 401),
    'refused',
    'HTTP 401',
  ],
  ['a sentence for a code', plain({ error: 'The client is not known here' }, 400), 'refused', 'an error'],
  ...[200, 400, 401, 403].map(
    (status) =>
      [`invalid_grant with ${status}`, plain({ error: 'invalid_grant' }, status), 'refused', 'invalid_grant'] as const,
  ),
  ['server_error with 400', plain({ error: 'server_error' }, 400), 'endpoint_failed', 'server_error'],
  ['slow_down with 400', plain({ error: 'slow_down' }, 400), 'endpoint_throttled', 'slow_down'],
  [
    'temporarily_unavailable with 503',
    plain({ error: 'temporarily_unavailable' }, 503),
    'endpoint_failed',
    'temporarily_unavailable',
  ],
  ['a page with 503', plain('<h1>503</h1>', 503, 'text/html'), 'endpoint_failed', 'HTTP 503'],
  [
    'a page with 200',
    plain('<!DOCTYPE html><p>Welcome', 200, 'text/html'),
    'endpoint_failed',
    'neither a token nor an error',
  ],
  ['a page with 404', plain('Not Found', 404, 'text/plain'), 'refused', 'HTTP 404'],
  ['a redirect', plain('', 302), 'endpoint_failed', 'HTTP 302'],
  ['a timeout of a proxy', plain('', 408), 'endpoint_failed', 'HTTP 408'],
  ...(
    [
      '{}',
      '',
      '[]',
      'null',
      '"AT"',
      '{"access_token":""}',
      '{"access_token":null}',
      '{"access_token":["AT"]}',
      '{"access_token":"AT"',
    ] as const
  ).map((body) => [`200 ${body}`, plain(body), 'endpoint_failed', 'neither a token nor an error'] as const),
  ...['DPoP', 'dpop', 'mac', 'MAC', 'PoP', 'N_A'].map(
    (type) => [`token_type ${type}`, plain({ ...usual, token_type: type }), 'unusable_token', type] as const,
  ),
];

describe('an answer of a token endpoint', () => {
  const tokens = TOKENS.map(([name, next, life, refreshToken]) => ({ name, next, life, refreshToken }));
  it.each(tokens)('is read as it is meant: $name', async ({ next, life, refreshToken }) => {
    const read = await given(next);

    expect(read).toEqual({
      ...(refreshToken === undefined ? {} : { refreshToken }),
      access: { token: 'AT', ...(life === undefined ? {} : { life: life * 1_000 }) },
    });
    expect(tokenOf(read).lifetime.usableFor).toBeGreaterThan(0);
  });

  it.each(FAILURES)('that holds no token says why: %s', async (_, next, reason, said) => {
    const { access } = await given(next);

    expect(access).toBeInstanceOf(TokenError);
    expect(access).toMatchObject({ reason, message: expect.stringContaining(said) });
  });

  it('gives its refresh token away whatever else it holds', async () => {
    const other = fc.oneof(fc.jsonValue(), fc.constantFrom('DPoP', 'mac', '0', 'never', '2e400'));
    const members = fc.record(
      { token_type: other, expires_in: other, scope: other, id_token: other, error_description: other, extra: other },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(members, fc.integer({ min: 200, max: 299 }), async (beside, status) => {
        if ([204, 205].includes(status)) return;
        const read = await given(plain({ ...beside, access_token: 'AT', refresh_token: 'RT' }, status));
        expect(read.refreshToken).toBe('RT');
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['without an access token', plain({ refresh_token: 'RT' }), 'RT'],
    ['with a token that cannot be used', plain({ ...usual, token_type: 'DPoP', refresh_token: 'RT' }), 'RT'],
    ['with a status that fits nothing', plain({ ...usual, refresh_token: 'RT' }, 500), 'RT'],
    ['a refusal that names the field', plain({ error: 'invalid', refresh_token: 'must not be blank' }, 400), undefined],
    ['a refusal with 200 that names the field', plain({ error: 'invalid', refresh_token: 'not valid' }), undefined],
  ])('gives a refresh token, and nothing that only bears its name: %s', async (_, next, refreshToken) => {
    expect((await given(next)).refreshToken).toBe(refreshToken);
  });
});

describe('what an endpoint says of a refusal', () => {
  const described = async (description: string) => {
    const { access } = await given(plain({ error: 'invalid_grant', error_description: description }, 400));
    return access as TokenError;
  };

  it('is told to the log, and its code alone to callers', async () => {
    const { message, detail } = await described('The refresh token has\r\nexpired.');

    expect(detail).toBe('invalid_grant: HTTP 400: The refresh token has expired.');
    expect(message).toContain('invalid_grant');
    expect(message).not.toContain('expired');
  });

  it.each(['the-old-refresh-token', 'no such token: the-old-refre…', 'dGhl the-old-'])(
    'is not told when it repeats what was sent, or a part: %s',
    async (description) => {
      const { message, detail } = await described(description);

      expect(detail).toBe('invalid_grant: HTTP 400');
      expect(message).not.toContain('the-old');
    },
  );

  it('is told without what looks like a token', async () => {
    const { detail } = await described('Token eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl1 is not known to the-client');

    expect(detail).toBe('invalid_grant: HTTP 400: Token … is not known to the-client');
  });
});

describe('an endpoint that asks not to be asked', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each([
    [429, { 'retry-after': '300' }, 'endpoint_throttled', 300_000],
    [403, { 'retry-after': '7' }, 'endpoint_throttled', 7_000],
    [503, { 'retry-after': '2.5' }, 'endpoint_failed', 2_500],
    [429, { date, 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT' }, 'endpoint_throttled', 120_000],
    [503, { date, 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT' }, 'endpoint_failed', 0],
    [429, { 'retry-after': '86400' }, 'endpoint_throttled', 3_600_000],
    [429, { 'retry-after': 'later' }, 'endpoint_throttled', undefined],
    [429, {}, 'endpoint_throttled', undefined],
  ] as const)('is heard with %s and %o', async (status, headers, reason, retryAfter) => {
    const { access } = await given({ status, headers, body: '' });

    expect(access).toMatchObject({ reason });
    expect((access as TokenError).retryAfter).toBe(retryAfter);
  });
});
