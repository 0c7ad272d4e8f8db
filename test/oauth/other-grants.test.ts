import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type KeyPair } from '../../local/certificates.ts';
import type { TokenError } from '../../src/tokens/token-error.ts';
import { credential, request, version } from '../credentials/support.ts';
import {
  ACCOUNT,
  CLIENT,
  CLIENT_NAME,
  startTlsAuthorizationServer,
  type TlsAuthorizationServer,
} from '../support/authorization-server/tls-server.ts';

const before = getCACertificates();
let authority: Authority;
let stranger: KeyPair;
let server: TlsAuthorizationServer;

beforeAll(async () => {
  authority = await createAuthority();
  setDefaultCACertificates([...before, authority.certificate]);
  stranger = await (await createAuthority()).issue([CLIENT_NAME]);
  server = await startTlsAuthorizationServer(authority, await authority.issue(['127.0.0.1']), stranger.certificate);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  setDefaultCACertificates(before);
});

/** The token that comes of a secret, or why there is none. */
async function tokenBy(options: object, secret: object): Promise<string | TokenError> {
  const step = credential('oauth2', { token_url: server.tokenUrl, ...options }).prepare(
    'prod/api',
    version(JSON.stringify(secret)),
  );
  if (!('token' in step)) throw new Error('it gets no token');
  const writeBack = { replace: () => Promise.reject(new Error('nothing is written here')) };
  const minting = step.token(request()).use.mint({ signal: AbortSignal.timeout(20_000), writeBack });
  return minting.then(
    (token) => token.reveal(),
    (error: TokenError) => error,
  );
}

const shown = ({ certificate, key }: KeyPair) => ({ certificate, private_key: key });
const BY_CERTIFICATE = { grant: 'client_credentials', auth: 'tls' };

describe('oidc-provider', () => {
  it('gives a token for an account', async () => {
    const options = { grant: 'account_credentials' };
    const token = await tokenBy(options, { ...CLIENT, account_id: ACCOUNT });

    expect(await server.clientOf(String(token))).toBe(CLIENT.client_id);
    expect(await tokenBy(options, { ...CLIENT, account_id: 'another' })).toMatchObject({ reason: 'refused' });
  });

  it('exchanges a token that it has given for another', async () => {
    const subject = await tokenBy({ grant: 'client_credentials' }, CLIENT);
    const options = { grant: 'token_exchange' };
    const token = await tokenBy(options, { ...CLIENT, subject_token: subject });

    expect(token).not.toBe(subject);
    expect(await server.clientOf(String(token))).toBe(CLIENT.client_id);
    expect(await tokenBy(options, { ...CLIENT, subject_token: 'made-up' })).toMatchObject({ reason: 'refused' });
  });

  it('knows a client by a certificate of its CA', async () => {
    const token = await tokenBy(BY_CERTIFICATE, { client_id: 'by-ca', ...shown(await authority.issue([CLIENT_NAME])) });

    expect(await server.clientOf(String(token))).toBe('by-ca');
    for (const wrong of [stranger, await authority.issue(['other.example.test'])])
      expect(await tokenBy(BY_CERTIFICATE, { client_id: 'by-ca', ...shown(wrong) })).toMatchObject({
        reason: 'refused',
        message: expect.stringContaining('invalid_client'),
      });
  });

  it('knows a client by a certificate that was registered', async () => {
    const token = await tokenBy(BY_CERTIFICATE, { client_id: 'self-signed', ...shown(stranger) });

    expect(await server.clientOf(String(token))).toBe('self-signed');
    const other = shown(await authority.issue([CLIENT_NAME]));
    expect(await tokenBy(BY_CERTIFICATE, { client_id: 'self-signed', ...other })).toMatchObject({ reason: 'refused' });
  });
});
