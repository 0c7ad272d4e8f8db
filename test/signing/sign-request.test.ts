import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type RequestToSign, type SigningScope, signRequest } from '../../src/signing/sign-request.ts';
import { SigningKey } from '../../src/signing/signing-key.ts';
import { UnsignableRequestError } from '../../src/signing/unsignable-request-error.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const key = new SigningKey({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET });
const temporary = new SigningKey({
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: SECRET,
  sessionToken: 'session',
});
const s3: SigningScope = { service: 's3', region: 'us-east-1' };
const api: SigningScope = { service: 'execute-api', region: 'us-east-1' };
const now = new Date('2013-05-24T00:00:00Z');

const request = (parts: Partial<RequestToSign> = {}): RequestToSign => ({
  method: 'GET',
  authority: 'examplebucket.s3.amazonaws.com',
  path: '/',
  headers: [],
  payload: Buffer.alloc(0),
  ...parts,
});

async function signed(parts: Partial<RequestToSign>, scope = s3, with_ = key) {
  const { set, remove } = await signRequest(request(parts), with_, scope, now);
  const headers = Object.fromEntries(set);
  const [, signedHeaders, signature] = /SignedHeaders=(.*), Signature=(.*)$/.exec(headers.authorization ?? '') ?? [];
  return { headers, remove, signedHeaders, signature };
}

const signatureOf = async (path: string, scope: SigningScope) => (await signed({ path }, scope)).signature;

describe('the examples of the documentation of S3', () => {
  it.each([
    ['/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('GET %s', async (path, signature) => {
    expect((await signed({ path })).headers).toEqual({
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    });
  });
});

describe("a client's own signature", () => {
  const own: [string, string][] = [
    [
      'authorization',
      'AWS4-HMAC-SHA256 Credential=any/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
    ],
    ['x-amz-date', '20200101T000000Z'],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ['x-amz-security-token', 'of-the-caller'],
    ['x-amz-s3session-token', 'of-the-caller'],
    ['x-amz-region-set', '*'],
  ];

  it('leaves no trace in what is signed', async () => {
    expect(await signed({ headers: own })).toEqual(await signed({}));
  });

  it('goes out in no header: each is set anew or removed', async () => {
    const { headers, remove } = await signed({ headers: own });

    expect([...Object.keys(headers), ...remove].sort()).toEqual(own.map(([name]) => name).sort());
  });

  it('has its session token replaced by the one of the key', async () => {
    const { headers, remove, signedHeaders } = await signed({ headers: own }, s3, temporary);

    expect(headers['x-amz-security-token']).toBe('session');
    expect(remove).not.toContain('x-amz-security-token');
    expect(signedHeaders).toBe('host;x-amz-content-sha256;x-amz-date;x-amz-security-token');
  });
});

describe('the headers that are signed', () => {
  it('are the host, the content type and every one that begins with x-amz-', async () => {
    const headers: [string, string][] = [
      ['x-amz-meta-owner', 'b'],
      ['content-type', 'text/plain'],
      ['range', 'bytes=0-9'],
      ['user-agent', 'x'],
      ['x-amz-acl', 'private'],
    ];

    expect((await signed({ headers })).signedHeaders).toBe(
      'content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-owner',
    );
  });

  it('are joined with commas where one is repeated', async () => {
    const repeated = await signed({
      headers: [
        ['x-amz-meta-a', '1'],
        ['x-amz-meta-a', ' 2 '],
      ],
    });

    expect(repeated).toEqual(await signed({ headers: [['x-amz-meta-a', '1,2']] }));
  });
});

describe('a parameter that is repeated', () => {
  it('counts with its first value for S3', async () => {
    expect(await signatureOf('/?b=1&a=2&a=1', s3)).toBe(await signatureOf('/?a=2&b=1', s3));
  });

  it('counts with all its values, in their order of bytes, for the others', async () => {
    expect(await signatureOf('/?a=2&a=1', api)).toBe(await signatureOf('/?a=1&a=2', api));
    expect(await signatureOf('/?a=2&a=1', api)).not.toBe(await signatureOf('/?a=2', api));
  });
});

it.each(['__proto__', 'constructor', 'toString', '0'])('counts a parameter whatever its name: %s', async (name) => {
  const signatures = await Promise.all(
    [s3, api].flatMap((scope) => ['/', `/?${name}=x`, `/?${name}=y`].map((path) => signatureOf(path, scope))),
  );

  expect(new Set(signatures).size).toBe(6);
});

it('does not count a parameter of which there is nothing between two ampersands', async () => {
  expect(await signatureOf('/?&a=1&&b=2&', api)).toBe(await signatureOf('/?a=1&b=2', api));
});

describe('a body in chunks', () => {
  const announcing = (value: string): Partial<RequestToSign> => ({ headers: [['x-amz-content-sha256', value]] });

  it.each(['unsigned', Buffer.from('4\r\nabcd\r\n0\r\n')] as const)(
    'that are not signed stays announced: %o',
    async (payload) => {
      const { headers } = await signed({ ...announcing('STREAMING-UNSIGNED-PAYLOAD-TRAILER'), payload });

      expect(headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    },
  );

  it.each([
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-EVENTS',
    'streaming-aws4-hmac-sha256-payload',
  ])('that the client signed is refused: %s', async (value) => {
    await expect(signed(announcing(value))).rejects.toThrow(
      /^x-amz-content-sha256 announces .* turn that off in its SDK/,
    );
  });
});

it('stands for a body with a word where the body is not signed', async () => {
  expect((await signed({ payload: 'unsigned' })).headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
});

describe('a presigned URL', () => {
  it.each([
    'X-Amz-Signature',
    'X-Amz-Credential',
    'X-Amz-Algorithm',
    'X-Amz-Security-Token',
    'X-Amz-S3session-Token',
    'x-amz-signature',
    'X%2DAmz%2dSignature',
    'AWSAccessKeyId',
  ])('is refused for its %s, without a word of its value', async (name) => {
    const refusal = await signed({ path: `/key?versionId=1&${name}=of-the-caller` }).catch((error) => error);

    expect(refusal).toBeInstanceOf(UnsignableRequestError);
    expect(refusal.message).toMatch(/holds a signature of the caller.*send the request without it/);
    expect(inspect(refusal)).not.toContain('of-the-caller');
  });
});

describe('what AWS could read in more than one way', () => {
  it.each([
    ['/%ff', s3],
    ['/%', s3],
    ['/?a=%e9', api],
    ['/?%zz', s3],
  ])('is refused: %s', async (path, scope) => {
    await expect(signed({ path }, scope)).rejects.toThrow(/cannot be signed: it has a percent escape.*as %25$/);
  });

  it.each(['*', 'https://examplebucket.s3.amazonaws.com/'])('is refused: the path %s', async (path) => {
    await expect(signed({ path })).rejects.toThrow('the path cannot be signed: it does not begin with a slash');
  });
});

it('settles in microtasks alone', async () => {
  let settled = false;
  void signRequest(request({ payload: Buffer.alloc(1024, 'x') }), temporary, api).then(() => {
    settled = true;
  });
  // What is due next tick runs once no microtask is left.
  await new Promise<void>((resolve) => process.nextTick(resolve));

  expect(settled).toBe(true);
});

describe('a key', () => {
  it('does not show when printed', () => {
    const printed = inspect(temporary, { showHidden: true, depth: 9 }) + JSON.stringify({ temporary });

    expect(printed).not.toMatch(/wJalr|session/);
    expect(() => `${temporary as unknown as string}`).toThrow(TypeError);
  });

  it.each([
    ['access key id', { accessKeyId: '' }, /is empty/],
    ['access key id', { accessKeyId: 'AKIA/x' }, /holds a character/],
    ['secret access key', { secretAccessKey: 'line\nbreak' }, /holds a character/],
    ['secret access key', { secretAccessKey: '' }, /is empty/],
    ['session token', { sessionToken: 'a b' }, /holds a character/],
  ])('is refused for its %s, without repeating it: %o', (part, wrong, reason) => {
    const parts = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET, ...wrong };
    const make = () => new SigningKey(parts);

    expect(make).toThrow(`the ${part} `);
    expect(make).toThrow(reason);
    for (const value of Object.values(wrong).filter((one) => one !== '')) expect(make).not.toThrow(value);
  });
});
