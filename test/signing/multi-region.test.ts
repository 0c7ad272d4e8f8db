import { createECDH, createHash, createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVERY_REGION, type RequestToSign, signRequest } from '../../src/signing/sign-request.ts';
import { SigningKey, type SigningKeyParts } from '../../src/signing/signing-key.ts';
import { type CrtCase, signWithCrt } from './support/awscrt.ts';

const key = fc.record(
  {
    accessKeyId: fc.stringMatching(/^A[KS]IA[A-Z2-7]{16}$/),
    secretAccessKey: fc.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    sessionToken: fc.stringMatching(/^[A-Za-z0-9+/]{20,200}={0,2}$/),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
);
const name = fc.stringMatching(/^[a-z0-9._~-]{1,8}$/);

/** Requests whose paths and queries are written as AWS writes them: how others are read is tested with Version 4. */
const cases: fc.Arbitrary<CrtCase> = fc
  .record({
    service: fc.constantFrom('s3', 'events', 'vpc-lattice-svcs'),
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
    authority: fc.constantFrom(
      'mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com',
      'abc.endpoint.events.amazonaws.com',
    ),
    segments: fc.array(fc.oneof(name, fc.constantFrom('a%20b', '%C3%A9', 'x%2Ay')), { maxLength: 3 }),
    query: fc.dictionary(name, name, { maxKeys: 3 }),
    headers: fc.dictionary(fc.stringMatching(/^x-amz-meta-[a-z0-9-]{1,8}$/), fc.stringMatching(/^[!-~]{1,12}$/)),
    payload: fc.constantFrom('whole' as const, 'unsigned' as const),
    body: fc.uint8Array({ maxLength: 200 }),
    key,
    seconds: fc.integer({ min: 1_577_836_800, max: 2_051_222_400 }),
  })
  .map(({ segments, query, headers, body, ...rest }) => {
    const parameters = Object.entries(query).map((pair) => pair.join('='));
    const path = `/${segments.filter((it) => !/^\.{1,2}$/.test(it)).join('/')}`;
    return {
      ...rest,
      likeS3: rest.service === 's3',
      path: parameters.length === 0 ? path : `${path}?${parameters.join('&')}`,
      headers: Object.entries(headers),
      body: Buffer.from(body).toString('base64'),
    };
  });

/** The order of the group of P-256, less two: what the digest that becomes a private key must not exceed. */
const LARGEST = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n - 2n;

/**
 * The public half of the key for ECDSA that comes of a secret key.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
 */
function publicKeyOf({ accessKeyId, secretAccessKey }: SigningKeyParts): KeyObject {
  for (let counter = 1; counter < 255; counter += 1) {
    const digest = createHmac('sha256', `AWS4A${secretAccessKey}`)
      .update(Buffer.from([0, 0, 0, 1]))
      .update('AWS4-ECDSA-P256-SHA256\0')
      .update(accessKeyId)
      .update(Buffer.from([counter, 0, 0, 1, 0]))
      .digest('hex');
    const number = BigInt(`0x${digest}`);
    if (number > LARGEST) continue;
    const curve = createECDH('prime256v1');
    curve.setPrivateKey((number + 1n).toString(16).padStart(64, '0'), 'hex');
    const point = curve.getPublicKey();
    const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  }
  throw new Error('no key comes of it');
}

/** Orders parameters by their names, of which none is there twice. */
function byName(one: string, other: string): number {
  const [mine = '', theirs = ''] = [one, other].map((it) => it.slice(0, it.indexOf('=')));
  return mine < theirs ? -1 : 1;
}

/** Whether headers bear a signature of Version 4A that holds for a request. */
function isSigned(one: CrtCase, headers: ReadonlyMap<string, string>): boolean {
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-ECDSA-P256-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]+)$/.exec(
      headers.get('authorization') ?? '',
    ) ?? [];
  const [accessKeyId, ...scope] = credential.split('/');
  if (accessKeyId !== one.key.accessKeyId || scope[1] !== one.service) return false;
  const [path = '', query = ''] = one.path.split('?');
  const canonical = [
    one.method,
    one.likeS3 ? path : path.replaceAll('%', '%25'),
    query.split('&').sort(byName).join('&'),
    ...names.split(';').map((name) => `${name}:${headers.get(name)}`),
    '',
    names,
    headers.get('x-amz-content-sha256'),
  ].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-ECDSA-P256-SHA256', headers.get('x-amz-date'), scope.join('/'), hash].join('\n');
  return verify('sha256', Buffer.from(text), publicKeyOf(one.key), Buffer.from(signature, 'hex'));
}

describe('a signature for every Region', () => {
  it('holds where one of AWS holds, and covers as much', async () => {
    const sample = fc.sample(cases, 200);
    const theirs = await signWithCrt(sample);

    for (const [index, one] of sample.entries()) {
      const body = Buffer.from(one.body, 'base64');
      const request: RequestToSign = { ...one, payload: one.payload === 'unsigned' ? 'unsigned' : body };
      const scope = { service: one.service, region: EVERY_REGION };
      const { set, remove } = await signRequest(request, new SigningKey(one.key), scope, new Date(one.seconds * 1_000));

      const others = new Map([...one.headers, ['host', one.authority] as const]);
      const [ours, crt] = [new Map([...others, ...set]), new Map(theirs[index])];
      expect(isSigned(one, crt), JSON.stringify(one)).toBe(true);
      expect(isSigned(one, ours), JSON.stringify(one)).toBe(true);
      expect(isSigned({ ...one, method: 'HEAD' }, ours)).toBe(false);
      const but = (headers: ReadonlyMap<string, string>) =>
        [...headers].filter(([name]) => name !== 'authorization' && name !== 'content-length').sort();
      expect(but(ours)).toEqual(but(crt));
      expect(ours.get('x-amz-region-set')).toBe('*');
      expect(remove).not.toContain('x-amz-region-set');
    }
  });
});
