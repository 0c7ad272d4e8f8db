import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../local/certificates.ts';
import { examine } from '../../src/integrations/examine.ts';
import type { Token } from '../../src/tokens/token.ts';
import { startTokenFront, type TokenFront } from '../support/token-endpoint/token-front.ts';
import { credential, request, version } from './support.ts';

const ANSWER = '{"access_token":"AT","token_type":"Bearer","expires_in":600}';

let front: TokenFront;
beforeAll(async () => {
  front = await startTokenFront(() => ({ status: 200, headers: {}, body: ANSWER }));
});
afterAll(() => front[Symbol.asyncDispose]());
beforeEach(() => front.requests.clear());

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

async function mint(options: object, secret: object | string): Promise<Token> {
  const text = typeof secret === 'string' ? secret : JSON.stringify(secret);
  const step = credential('oauth2', { token_url: front.tokenUrl, ...options }).prepare('prod/api', version(text));
  if (!('token' in step)) throw new Error('it gets no token');
  const writeBack = { replace: () => Promise.reject(new Error('nothing is written here')) };
  return step.token(request()).use.mint({ signal: AbortSignal.timeout(60_000), writeBack });
}

/** What arrives at the token endpoint, but for `grant_type`, which must be as given. */
async function sent(type: string, options: object, secret: object | string) {
  expect((await mint(options, secret)).reveal()).toBe('AT');
  const { parameters, headers } = front.requests.entries.at(-1) ?? { parameters: new URLSearchParams(), headers: {} };
  const { grant_type: grantType, ...others } = Object.fromEntries(parameters);
  expect(grantType).toBe(type);
  const basic = headers.authorization?.replace('Basic ', '');
  return { ...others, ...(basic === undefined ? {} : { basic: Buffer.from(basic, 'base64').toString() }) };
}

const client = { client_id: 'the-client', client_secret: 'the-secret' };

describe('auth: basic', () => {
  it('leaves the characters as they are that need no escape, for servers that do not decode', async () => {
    const secret = { client_id: 'a-b_c.d~e', client_secret: "x-y_z.~!*'()" };

    expect(await sent('client_credentials', { grant: 'client_credentials' }, secret)).toEqual({
      basic: "a-b_c.d~e:x-y_z.~!*'()",
    });
  });

  it('escapes those that would be read as others', async () => {
    const secret = { client_id: 'a:b', client_secret: 'x%y+z &=é' };

    expect(await sent('client_credentials', { grant: 'client_credentials' }, secret)).toEqual({
      basic: 'a%3Ab:x%25y%2Bz%20%26%3D%C3%A9',
    });
  });

  it('sends a client_id that is a number digit by digit', async () => {
    const secret = '{"client_id":90071992547409931234,"client_secret":1.50}';

    expect(await sent('client_credentials', { grant: 'client_credentials' }, secret)).toEqual({
      basic: '90071992547409931234:1.50',
    });
  });
});

describe('a grant', () => {
  it('of an account, as Zoom has it', async () => {
    const secret = { ...client, account_id: 'the-account' };

    expect(await sent('account_credentials', { grant: 'account_credentials' }, secret)).toEqual({
      account_id: 'the-account',
      basic: 'the-client:the-secret',
    });
  });

  it('by a password, blanks and all', async () => {
    const secret = { ...client, username: 'alice', password: ' open sesame ' };

    expect(await sent('password', { grant: 'password', auth: 'body', scopes: ['read'] }, secret)).toEqual({
      ...client,
      username: 'alice',
      password: ' open sesame ',
      scope: 'read',
    });
  });

  it('by an assertion, which says by itself who asks', async () => {
    const options = {
      grant: 'jwt_bearer',
      scopes: ['a', 'b'],
      assertion: { audience: 'https://login.example.test', subject: 'alice', claims: { box_sub_type: 'user' } },
    };
    const type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

    const { assertion = '', ...others } = (await sent(type, options, {
      client_id: 'the-client',
      private_key: pem,
      key_id: 'k1',
    })) as Record<string, string>;

    expect(others).toEqual({ client_id: 'the-client', scope: 'a b' });
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k1' });
    const { iat = 0, exp = 0, jti, ...claims } = decodeJwt(assertion);
    expect(claims).toEqual({
      iss: 'the-client',
      sub: 'alice',
      aud: 'https://login.example.test',
      scope: 'a b',
      box_sub_type: 'user',
    });
    expect(jti).toEqual(expect.any(String));
    const now = Date.now() / 1_000;
    expect([now - iat >= 30, now - iat < 35, exp - now > 240, exp - now <= 300]).toEqual([true, true, true, true]);
  });

  it('by an assertion whose subject is in the secret, or else the client itself', async () => {
    const type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    const subject = async (secret: object) => {
      const { assertion = '' } = (await sent(type, { grant: 'jwt_bearer' }, secret)) as Record<string, string>;
      return decodeJwt(assertion);
    };

    expect(await subject({ client_id: 'c', private_key: pem, subject: 'bob' })).toMatchObject({ sub: 'bob' });
    expect(await subject({ client_id: 'c', private_key: pem })).toMatchObject({ sub: 'c', aud: front.tokenUrl });
  });

  it('by another token', async () => {
    const type = 'urn:ietf:params:oauth:grant-type:token-exchange';
    const secret = { ...client, subject_token: 'ST' };

    expect(await sent(type, { grant: 'token_exchange', audience: 'orders' }, secret)).toEqual({
      subject_token: 'ST',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'orders',
      basic: 'the-client:the-secret',
    });
    const options = {
      grant: 'token_exchange',
      auth: 'none',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      parameters: { requested_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    };
    expect(await sent(type, options, { subject_token: 'ST' })).toEqual({
      subject_token: 'ST',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
  });

  it('takes further parameters along', async () => {
    const options = { grant: 'client_credentials', audience: 'x', resource: ['https://a.test', 'https://b.test'] };
    await mint({ ...options, parameters: { realm: 'r', 'x.y': '1' } }, client);

    const { parameters } = front.requests.entries.at(-1) ?? { parameters: new URLSearchParams() };
    expect([...parameters].sort()).toEqual([
      ['audience', 'x'],
      ['grant_type', 'client_credentials'],
      ['realm', 'r'],
      ['resource', 'https://a.test'],
      ['resource', 'https://b.test'],
      ['x.y', '1'],
    ]);
  });

  it.each([
    ['account_credentials', client, 'account_id'],
    ['password', { ...client, username: 'alice' }, 'password'],
    ['jwt_bearer', { client_id: 'c' }, 'private_key'],
    ['token_exchange', client, 'subject_token'],
  ])('says what the secret lacks: %s', async (grant, secret, field) => {
    await expect(mint({ grant }, secret)).rejects.toThrow(`has no field ${field}`);
  });

  it('by a password is warned of, and works', () => {
    const text = `integrations:
- integration: api
  host: api.example.com
  secret: prod/api
  oauth2: { grant: password, token_url: "https://auth.example.com/token" }
`;
    const { problems } = examine('list.yaml', text);

    expect(problems).toMatchObject([
      { line: 5, severity: 'warning', reason: expect.stringContaining('password of a person') },
    ]);
  });
});

describe('auth: tls', () => {
  let authority: Authority;
  const before = getCACertificates();
  beforeAll(async () => {
    authority = await createAuthority();
    setDefaultCACertificates([...before, authority.certificate]);
  });
  afterAll(() => setDefaultCACertificates(before));

  /** A token endpoint that asks for a certificate. */
  async function endpoint() {
    const server = await authority.issue(['localhost', '127.0.0.1']);
    const seen: { subject: string | undefined; body: string }[] = [];
    const listening = createServer(
      {
        cert: server.certificate,
        key: server.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      async (incoming, outgoing) => {
        let body = '';
        for await (const chunk of incoming) body += chunk;
        seen.push({ subject: (incoming.socket as TLSSocket).getPeerCertificate().subjectaltname, body });
        outgoing.end(ANSWER);
      },
    );
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const { port } = listening.address() as AddressInfo;
    const close = () => {
      listening.close();
      listening.closeAllConnections();
    };
    return { url: `https://127.0.0.1:${port}/token`, seen, [Symbol.dispose]: close };
  }

  it('shows the certificate in the secret, whatever has become of its line breaks', async () => {
    using at = await endpoint();
    const { certificate, key } = await authority.issue(['client.example.test']);
    const options = { grant: 'client_credentials', auth: 'tls', token_url: at.url };

    await mint(options, { client_id: 'the-client', certificate, private_key: key });
    const inOneLine = certificate.replaceAll('\n', ' ');
    await mint(options, { client_id: 'the-client', certificate: inOneLine, private_key: key });

    expect(at.seen).toEqual([
      { subject: 'DNS:client.example.test', body: 'grant_type=client_credentials&client_id=the-client' },
      { subject: 'DNS:client.example.test', body: 'grant_type=client_credentials&client_id=the-client' },
    ]);
  });

  it('is a connection that fails where the certificate is not taken', async () => {
    using at = await endpoint();
    const other = await (await createAuthority()).issue(['client.example.test']);
    const secret = { client_id: 'c', certificate: other.certificate, private_key: other.key };

    const call = mint({ grant: 'client_credentials', auth: 'tls', token_url: at.url }, secret);

    await expect(call).rejects.toMatchObject({ reason: 'endpoint_unreachable' });
    expect(at.seen).toEqual([]);
  });

  it('says when the key is that of another certificate', async () => {
    const { certificate } = await authority.issue(['client.example.test']);
    const call = mint(
      { grant: 'client_credentials', auth: 'tls', token_url: 'https://127.0.0.1/' },
      { client_id: 'c', certificate, private_key: pem },
    );

    await expect(call).rejects.toThrow('the fields certificate and private_key cannot be used together');
  });

  it('says when the certificate is none', async () => {
    const secret = { client_id: 'c', certificate: 'none', private_key: pem };
    const call = mint({ grant: 'client_credentials', auth: 'tls', token_url: 'https://127.0.0.1/' }, secret);

    await expect(call).rejects.toThrow('the field certificate is no certificate in PEM');
  });
});
