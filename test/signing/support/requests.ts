import fc from 'fast-check';
import type { RequestToSign, SigningScope } from '../../../src/signing/sign-request.ts';
import type { SigningKeyParts } from '../../../src/signing/signing-key.ts';
import type { BotocoreCase } from './botocore.ts';

/** A request as a client writes it, and the same as botocore is told of it. */
export interface SignedTwice {
  readonly request: RequestToSign;
  readonly scope: SigningScope;
  readonly key: SigningKeyParts;
  readonly now: Date;
  readonly botocore: BotocoreCase;
}

const LIKE_S3 = ['s3', 's3express', 's3-object-lambda', 's3-outposts'];
const OTHERS = [
  'vpc-lattice-svcs',
  'sqs',
  'dynamodb',
  'execute-api',
  'bedrock',
  'es',
  'lambda',
  'sts',
  'secretsmanager',
];

/** Characters that are told apart by whether, and how, a client escapes them. */
const tricky = fc.constantFrom(...(' +%=&/?#:;@!$\'()*,~-._"<>[]{}|\\^`é日🚀'.match(/./gu) ?? []));
const text = (minLength: number) =>
  fc.oneof(
    fc.string({ unit: tricky, minLength, maxLength: 8 }),
    fc.string({ unit: 'grapheme', minLength, maxLength: 8 }),
    fc.string({ unit: 'binary', minLength, maxLength: 6 }),
  );

/**
 * A text in one of the ways in which a client may write it on the wire: what need not be escaped is or is not, in upper or in
 * lower case, and a space is `+` or `%20`.
 *
 * @param bare what may also stand unescaped.
 */
function written(plain: string, bare: RegExp, choices: Iterator<number>): string {
  return Array.from(plain, (character) => {
    const choice = choices.next().value ?? 0;
    if (character === ' ' && choice < 4) return '+';
    if (bare.test(character) && choice < 7) return character;
    const escaped = Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    return choice % 2 === 0 ? escaped : escaped.toUpperCase();
  }).join('');
}

const BARE_IN_PATH = /[\w\-.~/:@!$&'()*,;=]/;
const BARE_IN_NAME = /[\w\-.~/?:@!$'()*,;]/;
const BARE_IN_VALUE = /[\w\-.~/?:@!$'()*,;=]/;

const segment = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('', '.', '..', 'prod', 'v1') },
  { weight: 1, arbitrary: text(0) },
);
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
const name = fc.oneof(fc.constantFrom('a', 'a-b', 'A', 'acl', 'prefix', '__proto__', '7', 'constructor'), text(1));
const query = fc.array(fc.tuple(name, text(0)), { maxLength: 5 });
const choices = fc.infiniteStream(fc.nat({ max: 9 }));

// botocore takes every white space of Unicode in a value for a space; AWS and the SDK mean spaces and tabs.
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((one) => one.replace(/[\s\p{C}]/gu, 'x'));
const spaces = fc.constantFrom(' ', '  ', ' \t ');
const value = fc
  .tuple(fc.array(fc.tuple(word, spaces), { maxLength: 4 }), word, fc.constantFrom('', ' '))
  .map(([words, last, padding]) => `${padding}${words.flat().join('')}${last}${padding}`);
const clientHeaders = fc.tuple(
  fc.option(fc.constantFrom('application/json', 'application/x-amz-json-1.0', 'text/plain;  charset=utf-8')),
  fc.array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom('x-amz-target', 'x-amz-acl', 'x-amz-copy-source', 'x-amz-meta-owner', 'x-amz-storage-class'),
        fc.stringMatching(/^x-amz-meta-[a-z0-9-]{1,8}$/),
      ),
      fc.oneof(value, fc.constant('')),
    ),
    { maxLength: 4 },
  ),
);

/** What a client's own SDK sent, or what is not to be signed. */
const noise: [string, string][] = [
  [
    'authorization',
    'AWS4-HMAC-SHA256 Credential=any/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
  ],
  ['x-amz-date', '20200101T000000Z'],
  ['x-amz-security-token', 'of-the-caller'],
  ['x-amz-content-sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['x-amz-s3session-token', 'of-the-caller'],
  ['range', 'bytes=0-9'],
];
const TRAILER: [string, string] = ['x-amz-content-sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'];

const key = fc.record(
  {
    accessKeyId: fc.stringMatching(/^A[KS]IA[A-Z2-7]{16}$/),
    secretAccessKey: fc.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    sessionToken: fc.stringMatching(/^[A-Za-z0-9+/]{20,200}={0,2}$/),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
);

const body = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  text(1).map((one) => Buffer.from(JSON.stringify({ one }))),
  fc.uint8Array({ minLength: 1, maxLength: 2048 }).map((bytes) => Buffer.from(bytes)),
);

/** Requests to AWS as clients of any make write them. */
export const requests: fc.Arbitrary<SignedTwice> = fc
  .record({
    service: fc.oneof(fc.constantFrom(...LIKE_S3), fc.constantFrom(...OTHERS)),
    region: fc.constantFrom(
      'us-east-1',
      'cn-north-1',
      'us-gov-west-1',
      'eusc-de-east-1',
      'auto',
      'us-west-004',
      'default',
    ),
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'),
    authority: fc.constantFrom('bucket.s3.amazonaws.com', 'sqs.eu-west-1.amazonaws.com', '127.0.0.1:4566', 'a.int:443'),
    path,
    query,
    choices,
    clientHeaders,
    noise: fc.subarray(noise),
    payload: fc.constantFrom('whole', 'whole', 'unsigned', 'trailer'),
    body,
    key,
    seconds: fc.integer({ min: 1_577_836_800, max: 2_051_222_400 }),
  })
  .map((one): SignedTwice => {
    const likeS3 = LIKE_S3.includes(one.service);
    // botocore signs a query as it is written, where AWS signs what it reads: so botocore is told the names and values, and for
    // S3 the name of the object. Only S3 knows chunks. botocore signs every value of a parameter that is repeated, S3 the first one.
    const payload = one.payload === 'trailer' && !likeS3 ? 'unsigned' : one.payload;
    const pairs = likeS3 ? [...new Map(one.query)] : one.query;
    const onTheWire = `/${written(one.path.slice(1), BARE_IN_PATH, one.choices)}`;
    const parameters = pairs.map(([name, value]) => {
      const equals = value === '' && one.choices.next().value < 5 ? '' : '=';
      return `${written(name, BARE_IN_NAME, one.choices)}${equals}${written(value, BARE_IN_VALUE, one.choices)}`;
    });
    const [contentType, others] = one.clientHeaders;
    const headers: [string, string][] = [
      ...(contentType === null ? [] : [['content-type', contentType] as [string, string]]),
      ...others,
    ];
    const sent = headers.concat(
      payload === 'trailer' ? [...one.noise.filter(([name]) => name !== 'x-amz-content-sha256'), TRAILER] : one.noise,
    );
    return {
      request: {
        method: one.method,
        authority: one.authority,
        path: parameters.length === 0 ? onTheWire : `${onTheWire}?${parameters.join('&')}`,
        headers: sent,
        payload: payload === 'unsigned' ? 'unsigned' : one.body,
      },
      scope: { service: one.service, region: one.region },
      key: one.key,
      now: new Date(one.seconds * 1000),
      botocore: {
        service: one.service,
        region: one.region,
        likeS3,
        method: one.method,
        authority: one.authority,
        path: likeS3 ? one.path : onTheWire,
        query: pairs,
        headers,
        payload,
        body: one.body.toString('base64'),
        key: one.key,
        seconds: one.seconds,
      },
    };
  });
