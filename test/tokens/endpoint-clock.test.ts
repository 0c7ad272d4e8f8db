import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leadOver } from '../../src/tokens/endpoint-clock.ts';
import type { Token } from '../../src/tokens/token.ts';
import type { TokenError } from '../../src/tokens/token-error.ts';
import { credential, request, version } from '../credentials/support.ts';
import { type PlainAnswer, startTokenFront, type TokenFront } from '../support/token-endpoint/token-front.ts';

const MINUTE = 60;

/** An endpoint whose clock differs from ours by so many seconds, and that takes no assertion whose dates are not right by it. */
let front: TokenFront;
let ahead = 0;
let saysTime = true;

const theirs = () => Math.floor(Date.now() / 1_000) + ahead;

function judge(assertion: string | undefined): PlainAnswer {
  const { iat = 0, nbf = iat, exp = 0 } = decodeJwt(assertion ?? '');
  const isGood = Math.max(iat, nbf) <= theirs() && exp > theirs();
  const date: Record<string, string> = saysTime ? { date: new Date(theirs() * 1_000).toUTCString() } : {};
  const body = isGood ? { access_token: 'AT', token_type: 'Bearer', expires_in: 600 } : { error: 'invalid_grant' };
  return {
    status: isGood ? 200 : 400,
    headers: { 'content-type': 'application/json', ...date },
    body: JSON.stringify(body),
  };
}

beforeEach(async () => {
  front = await startTokenFront(
    (_, body) => {
      const parameters = new URLSearchParams(body.toString());
      return judge(parameters.get('assertion') ?? parameters.get('client_assertion') ?? undefined);
    },
    { sendDate: false },
  );
  ahead = 0;
  saysTime = true;
});
afterEach(() => front[Symbol.asyncDispose]());

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const KINDS = {
  google_service_account: () => [
    { scopes: ['https://scope.example.test'] },
    { client_email: 'robot@example.test', private_key: pem, token_uri: front.tokenUrl },
  ],
  private_key_jwt: () => [
    { grant: 'client_credentials', token_url: front.tokenUrl, auth: 'private_key_jwt' },
    { client_id: 'the-client', private_key: pem },
  ],
  jwt_bearer: () => [
    { grant: 'jwt_bearer', token_url: front.tokenUrl },
    { client_id: 'the-client', private_key: pem },
  ],
} as const;
type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

/** Gets a token in the way of a kind, or the error. */
async function tokenBy(kind: Kind): Promise<Token | TokenError> {
  const [options, secret] = KINDS[kind]();
  const step = credential(kind === 'google_service_account' ? kind : 'oauth2', options).prepare(
    'prod/api',
    version(JSON.stringify(secret)),
  );
  if (!('token' in step)) throw new Error('it gets no token');
  const { use } = step.token(request());
  const writeBack = { replace: () => Promise.reject(new Error('nothing is written here')) };
  return use.mint({ signal: AbortSignal.timeout(60_000), writeBack }).catch((error: TokenError) => error);
}

describe.each(kinds)('a clock that differs from that of the endpoint (%s)', (kind) => {
  it.each([10, -10])('by %d seconds is of no matter', async (seconds) => {
    ahead = seconds;
    saysTime = false;

    expect(await tokenBy(kind)).toHaveProperty('size');
    expect(front.requests.entries).toHaveLength(1);
  });

  it.each([-5 * MINUTE, 90 * MINUTE, -2 * 24 * 60 * MINUTE])(
    'by %d seconds is found out, and known from then on',
    async (seconds) => {
      ahead = seconds;

      expect(await tokenBy(kind)).toHaveProperty('size');
      expect(front.requests.entries).toHaveLength(2);
      expect(Math.abs(leadOver(new URL(front.tokenUrl).host) + seconds)).toBeLessThanOrEqual(2);

      expect(await tokenBy(kind)).toHaveProperty('size');
      expect(front.requests.entries).toHaveLength(3);
    },
  );

  it('is followed when it is set right', async () => {
    ahead = -5 * MINUTE;
    await tokenBy(kind);
    ahead = 0;

    expect(await tokenBy(kind)).toHaveProperty('size');
    expect(leadOver(new URL(front.tokenUrl).host)).toBe(0);
  });
});

describe('a refusal by an endpoint with another clock', () => {
  it('names the difference, and is asked about once more only', async () => {
    ahead = -5 * MINUTE;
    front.disturb({
      status: 400,
      headers: { 'content-type': 'application/json', date: new Date(theirs() * 1_000).toUTCString() },
      body: '{"error":"invalid_grant"}',
    });

    const error = await tokenBy('jwt_bearer');

    expect(error).toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/clock of this machine is \d+ s ahead of/),
    });
    expect(front.requests.entries).toHaveLength(2);
  });

  it('is not asked about again when it has nothing to do with dates', async () => {
    front.disturb({ status: 400, headers: {}, body: '{"error":"invalid_grant"}' });

    expect(await tokenBy('jwt_bearer')).toMatchObject({ reason: 'refused' });
    expect(front.requests.entries).toHaveLength(1);
  });
});
