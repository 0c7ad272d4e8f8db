import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { auditFields } from '../src/audit-record.ts';
import { canonicalAddress, parseSourceAddress } from '../src/callers/address.ts';
import { claimsOf } from '../src/callers/claim.ts';
import { callerOf } from '../src/callers/known-callers.ts';
import { parseUriSan } from '../src/callers/spiffe.ts';
import { appendedField } from '../src/credentials/appended.ts';
import { UnfitRequestError } from '../src/credentials/unfit-request-error.ts';
import { askedAt } from '../src/discovery/asked-at.ts';
import { curlLine } from '../src/discovery/curl-line.ts';
import { EVERYTHING } from '../src/discovery/listing.ts';
import { discoveryPage } from '../src/discovery/page.ts';
import { pagesOf } from '../src/discovery/pages.ts';
import { hostFault } from '../src/integrations/host.ts';
import { matches, parseAllowRule } from '../src/paths/allow-rule.ts';
import { canonicalSegments } from '../src/paths/canonical-path.ts';
import { partsFault } from '../src/paths/part-count.ts';
import { PathError } from '../src/paths/path-error.ts';
import { encodeSegment, prefixFault, withoutPrefix, withPrefix } from '../src/paths/path-prefix.ts';
import { percentEncode } from '../src/paths/percent-encode.ts';
import { replaceQueryParameter } from '../src/paths/query-parameter.ts';
import { withoutParameters } from '../src/paths/without-parameters.ts';
import { encodeDenial } from '../src/processor/encode.ts';
import { ProcessingRequest } from '../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { GrpcMessages } from '../src/processor/grpc-messages.ts';
import { requestFacts, URI_SAN_ATTRIBUTE } from '../src/processor/request-facts.ts';
import { responseFacts } from '../src/processor/response-facts.ts';
import { ResponseRedaction } from '../src/processor/response-redaction.ts';
import { Forms } from '../src/redaction/forms.ts';
import { Redactor } from '../src/redaction/redactor.ts';
import { Seal } from '../src/redaction/seal.ts';
import { callerRefused, unknownIntegration } from '../src/refusals.ts';
import { announcedPayload } from '../src/signing/announced-payload.ts';
import { headersToSign } from '../src/signing/headers-to-sign.ts';
import { pathToSign } from '../src/signing/path-to-sign.ts';
import { decodePercent } from '../src/signing/percent.ts';
import { queryToSign } from '../src/signing/query-to-sign.ts';
import { signRequest } from '../src/signing/sign-request.ts';
import { SigningKey } from '../src/signing/signing-key.ts';
import { UnsignableRequestError } from '../src/signing/unsignable-request-error.ts';
import { DenialLog } from '../src/telemetry/denial-log.ts';
import { createLog } from '../src/telemetry/log.ts';
import { caller, policy } from './callers/support.ts';
import { credential, request, version } from './credentials/support.ts';
import { answered, catalogueOf, question, virtualHost } from './discovery/support.ts';
import { soon } from './support/deadline.ts';
import { grown, PATHS, QUERIES, type Shape, shapes, VALUES } from './support/worst-texts.ts';

/** What Envoy lets a caller send in all headers together, the path among them, unless `max_request_headers_kb` says otherwise. */
const HEADERS = 60 * 1_024;

/** What Envoy hands over of a body at a time at most, where the connection's buffer has its default size. */
const CHUNK = 1_024 * 1_024;

/** How much shorter the other text is: the time of what is linear grows so much, and of what is quadratic by the square. */
const STEP = 16;

/** The most by which it may grow: what is collected as garbage, and caches that are too small, cost long texts more. */
const MOST_GROWTH = 4 * STEP;

/**
 * What is over in so short a time, in ms, harms nobody, and does not grow by the square of a text of this length. How it grows is
 * decided by the collection of garbage.
 */
const HARMLESS = 10;

/** How much CPU time is measured at a time, in ms: systems count it in steps of up to four. */
const MEASURED = 24;

/** The most CPU time that a text of the full length may take, in ms: on the slowest of machines too. */
const MOST = 3_000;

/** The CPU time that one run takes, in ms. */
async function cpuOf(run: () => Promise<void>): Promise<number> {
  const before = process.threadCpuUsage();
  for (let runs = 1; ; runs += 1) {
    await run();
    const { user, system } = process.threadCpuUsage(before);
    const spent = (user + system) / 1_000;
    if (spent >= MEASURED) return spent / runs;
  }
}

async function isQuick(run: () => Promise<void>): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const began = performance.now();
    await run();
    if (performance.now() - began < HARMLESS) return true;
  }
  return false;
}

/** Uses a text; that it is refused is an answer too. */
async function used(use: (text: string) => unknown, text: string): Promise<void> {
  try {
    await use(text);
  } catch (error) {
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
  }
}

/** How functions say that a text is refused. */
const REFUSALS = [UnsignableRequestError, PathError, UnfitRequestError, URIError];

/** Fails when the time grows faster than a little more than the text does. */
async function growsLinearly(use: (text: string) => unknown, shape: Shape, size: number): Promise<void> {
  const [short, long] = [grown(shape, size / STEP), grown(shape, size)];
  const usesLong = () => used(use, long);
  if (await isQuick(usesLong)) return;
  const after = await cpuOf(usesLong);
  const before = await cpuOf(() => used(use, short));
  const about = `${JSON.stringify(shape)}: ${before} ms, and ${after} ms for a text ${STEP} times as long`;
  expect(after, about).toBeLessThan(MOST);
  expect(after / before, about).toBeLessThan(MOST_GROWTH);
}

interface Row {
  readonly use: (text: string) => unknown;
  /** What the texts are made of. */
  readonly parts: readonly string[];
  /** Texts to begin with. */
  readonly known?: Readonly<Record<string, Shape>>;
  /** The longest text, in characters; default: what Envoy takes in headers. */
  readonly size?: number;
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const list = (text: string) => text.split('\n');
const inPath = [
  '/',
  '.',
  '..',
  '%2f',
  '%2e',
  '%25',
  '%',
  '%20',
  ' ',
  ';',
  '#',
  '?',
  'a',
  '\\',
  '\u0301',
  '\u0323',
  '\u200b',
  'é',
];
const inQuery = ['&', '=', 'a', '%61', '%25', '%', '+', '1', '__proto__', 'x-amz-', '?', 'é'];
const inValue = [' ', '\t', 'a', ',', ';', '=', '"', '\\', 'q', '0.1', '/', '*', 'streaming-', 'é'];
const inHost = ['a', '.', '-', '1', ':', '[', ']', '%', '/', 'A', '0x', '::'];
const inBody = [
  '\\',
  '%',
  '25',
  '&',
  'amp;',
  '#',
  '0',
  'u',
  '7',
  '3',
  'sk',
  '_',
  'live',
  '\n',
  '\\n',
  'sk_live_4eC39HqLyjWD',
  'a',
  'AAAA',
  '73:',
];

const key = new SigningKey({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' });
const signed = (service: string, given: { path?: string; headers?: [string, string][]; payload?: Buffer }) =>
  signRequest(
    { method: 'POST', authority: 'api.example.com', path: '/', headers: [], payload: Buffer.alloc(0), ...given },
    key,
    { service, region: 'eu-west-1' },
  );

const pem = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
const github = credential('github_app', {}).prepare(
  'prod/app',
  version(JSON.stringify({ app_id: 1, private_key: pem })),
);
const limited = credential('github_app', { repositories: ['acme/shop'] });

const rules = ['GET /v1/**', 'POST /v1/*/a', '* /a/a/a/**'].map(parseAllowRule);
const callers = policy([
  'spiffe://acme/a/**',
  'spiffe://acme/*/a/*/b',
  '10.0.0.0/8',
  '2001:db8::/32',
  'claim:groups=agents',
]);
const bearer = '{{ . }}';
const catalogue = catalogueOf(
  [virtualHost('stripe', { bearer }), virtualHost('openai', { bearer, callers: ['spiffe://acme/**'] })],
  { discovery: 'http://attache.int' },
);
const openai = catalogue.get('openai');
if (openai === undefined) throw new Error('no integration');

const denials = new DenialLog(createLog('info', { write: () => undefined, batch: (produce) => produce(), lost: 0 }));
afterAll(() => denials.close());

const seal = new Seal();
const secrets = {
  random: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
  'of one letter': 'a'.repeat(200),
  'of two letters': 'sk'.repeat(100),
  'of hexadecimal digits alone': '73'.repeat(100),
};
const formsOf = (secret: string) => new Forms([{ name: 'key', bytes: Buffer.from(secret) }]);

function redact(forms: Forms, text: string): void {
  const redactor = new Redactor(forms);
  const body = Buffer.from(text, 'latin1');
  for (let at = 0; at < body.length; at += 16_384) redactor.push(body.subarray(at, at + 16_384));
  redactor.end();
}

function redactMessages(forms: Forms, text: string): void {
  const response = new ResponseRedaction(forms, 'stripe', () => undefined);
  const headers = [{ key: 'content-type', rawValue: Buffer.from('application/grpc') }];
  const message = (it: ProcessingRequest['request']) => ({ request: it, metadataContext: undefined, attributes: {} });
  response.answer(message({ $case: 'responseHeaders', value: { headers: { headers }, endOfStream: false } }));
  response.answer(message({ $case: 'responseBody', value: { body: framed(text), endOfStream: true } }));
}

/** Each line is a message of gRPC. */
function framed(text: string): Buffer {
  return Buffer.concat(
    list(text).map((line) => {
      const body = Buffer.from(line, 'latin1');
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(body.length, 1);
      return Buffer.concat([prefix, body]);
    }),
  );
}

function redactHeaders(forms: Forms, text: string): void {
  const headers = list(text).map((line, index) => ({ key: `x-${index}`, rawValue: Buffer.from(line, 'latin1') }));
  new ResponseRedaction(forms, 'stripe', () => undefined).answer({
    request: { $case: 'responseHeaders', value: { headers: { headers }, endOfStream: true } },
    metadataContext: undefined,
    attributes: {},
  });
}

/** A message of Envoy about a request whose headers are the lines, as it comes from the wire. */
function asked(text: string) {
  const headers = list(text).map((line) => ({ key: 'x-amz-meta-a', rawValue: Buffer.from(line) }));
  const path = { key: ':path', rawValue: Buffer.from(text) };
  const lines = list(text);
  const bytes = ProcessingRequest.encode({
    request: { $case: 'requestHeaders', value: { headers: { headers: [...headers, path] }, endOfStream: true } },
    metadataContext: {
      filterMetadata: {
        attache: { tried: lines, tokens: lines, answers: lines },
        'envoy.filters.http.jwt_authn': { attache: { groups: lines } },
      },
    },
    attributes: { 'envoy.filters.http.ext_proc': { [URI_SAN_ATTRIBUTE]: text } },
  }).finish();
  const message = ProcessingRequest.decode(bytes);
  if (message.request?.$case !== 'requestHeaders') throw new Error('it is no question');
  return { message, headers: message.request.value };
}

/** Every function that text of a caller reaches, or of a destination whose responses are searched. */
const TABLE: Readonly<Record<string, Row>> = {
  'signing: a header that is signed': {
    use: (text) => headersToSign([['x-amz-meta-a', text]]),
    parts: inValue,
    known: VALUES,
  },
  'signing: a header that is repeated': {
    use: (text) => headersToSign(list(text).map((line) => ['x-amz-meta-a', line])),
    parts: ['\n', ' ', 'a'],
  },
  'signing: the announced payload': {
    use: (text) => announcedPayload([['x-amz-content-sha256', text]]),
    parts: inValue,
    known: VALUES,
  },
  'signing: a path for S3': { use: (text) => pathToSign(`/${text}`, 's3'), parts: inPath, known: PATHS },
  'signing: a query': { use: (text) => queryToSign(text, 'sqs'), parts: inQuery, known: QUERIES },
  'signing: a query for S3': { use: (text) => queryToSign(text, 's3'), parts: inQuery, known: QUERIES },
  'signing: percent escapes': { use: (text) => decodePercent(text, 'path'), parts: inPath, known: PATHS },
  'signing: all of it, by the path': {
    use: (text) => signed('sqs', { path: `/${text}` }),
    parts: inPath,
    known: PATHS,
  },
  'signing: all of it, by the query': {
    use: (text) => signed('sqs', { path: `/?${text}` }),
    parts: inQuery,
    known: QUERIES,
  },
  'signing: all of it for S3, by the query': {
    use: (text) => signed('s3', { path: `/?${text}` }),
    parts: inQuery,
    known: QUERIES,
  },
  'signing: all of it, by a header': {
    use: (text) => signed('sqs', { headers: [['x-amz-meta-a', text]] }),
    parts: inValue,
    known: VALUES,
  },
  'signing: all of it, by the body': {
    use: (text) => signed('sqs', { payload: Buffer.from(text) }),
    parts: ['a'],
    size: CHUNK,
  },

  'paths: whether rules allow a path': {
    use: (text) => matches(rules, 'GET', latin1(`/${text}`)),
    parts: inPath,
    known: PATHS,
  },
  'paths: the canonical segments': {
    use: (text) => canonicalSegments(latin1(`/${text}`)),
    parts: inPath,
    known: PATHS,
  },
  'paths: the canonical segments, with delimiters as text': {
    use: (text) => canonicalSegments(latin1(`/${text}`), { delimiters: 'text' }),
    parts: inPath,
    known: PATHS,
  },
  'paths: a prefix put before': {
    use: (text) => withPrefix(`/${text}`, '/bot1'),
    parts: inPath,
    known: PATHS,
  },
  'paths: a prefix taken off': {
    use: (text) => withoutPrefix(`/bot0/${text}`, 1),
    parts: inPath,
    known: PATHS,
  },
  'paths: a prefix': { use: (text) => prefixFault(`/${encodeSegment(text)}`), parts: inPath },
  'paths: percent escapes': { use: (text) => percentEncode(text), parts: inPath, known: PATHS },
  'paths: how many parameters there are': {
    use: (text) => partsFault(`/?${text}`),
    parts: [...inQuery, ';'],
    known: QUERIES,
  },
  'paths: how many segments there are': { use: (text) => partsFault(`/${text}`), parts: inPath, known: PATHS },
  'paths: parameters taken out of the query': {
    use: (text) => withoutParameters(`/?${text}`, new Set(['key'])),
    parts: [...inQuery, ';', '[', '%25'],
    known: QUERIES,
  },
  'paths: a query parameter': {
    use: (text) => replaceQueryParameter(`/?${text}`, 'a', 'key'),
    parts: inQuery,
    known: QUERIES,
  },

  'callers: the address of a connection': { use: (text) => parseSourceAddress(text), parts: inHost },
  'callers: an address': { use: (text) => canonicalAddress(text), parts: inHost },
  'callers: a URI in a certificate': { use: (text) => parseUriSan(`spiffe://${text}`), parts: inHost },
  'callers: who it is': { use: (text) => callerOf(text, `spiffe://${text}`, undefined), parts: inHost },
  'callers: whether a certificate lets in': {
    use: (text) => callers.decide(caller({ uriSan: `spiffe://acme/${text}` }), soon()),
    parts: ['a', '/', 'b', '.', 'a/', '/b'],
    size: 2_048,
  },
  'callers: whether a token lets in': {
    use: (text) =>
      callers.decide(
        caller({ claims: claimsOf({ 'envoy.filters.http.jwt_authn': { attache: { groups: list(text) } } }) }),
        soon(),
      ),
    parts: ['\n', 'a', 'agent', 'é'],
  },

  'integrations: a host': { use: (text) => hostFault(text), parts: inHost },

  'processor: the facts of a request': {
    use: (text) => {
      const { message, headers } = asked(text);
      const facts = requestFacts(message, headers);
      return [facts.caller, facts.path, facts.method, facts.headers(), facts.before(), facts.refusedTokens()];
    },
    parts: ['\n', 'a', ' ', 'é', '/'],
  },
  'processor: the facts of a response': {
    use: (text) => {
      const { record } = responseFacts(asked(text).message);
      return [record?.versions, record?.tokens, record?.sealed('tried')];
    },
    parts: ['\n', 'a', ' ', 'é', '/'],
  },
  'processor: messages of gRPC': {
    use: (text) => new GrpcMessages().cut(framed(text)),
    parts: ['\n', 'a', '\0'],
    size: CHUNK / 4,
  },
  'processor: a refusal': {
    use: (text) => encodeDenial({ kind: 'deny', code: 'request_not_allowed', message: text }),
    parts: ['"', '\\', '\0', 'a', 'é'],
  },

  ...Object.fromEntries(
    Object.entries(secrets).map(([name, secret]): [string, Row] => {
      const forms = formsOf(secret);
      const known = {
        itself: { unit: secret },
        'its beginning': { unit: secret.slice(0, -1) },
        letters: { unit: 'a' },
      };
      return [
        `redaction: a body, the secret being ${name}`,
        { use: (text) => redact(forms, text), parts: inBody, known, size: CHUNK / 4 },
      ];
    }),
  ),
  'redaction: messages of gRPC': {
    use: (text) => redactMessages(formsOf(secrets.random), text),
    parts: [...inBody, '\n'],
    size: CHUNK / 8,
  },
  'redaction: a header': { use: (text) => redactHeaders(formsOf(secrets.random), text), parts: inBody },
  'redaction: many headers': { use: (text) => redactHeaders(formsOf(secrets.random), text), parts: [...inBody, '\n'] },
  'redaction: what is made of a secret': {
    use: (text) => formsOf(`${text}12345678`),
    parts: [...inBody, 'é', '\ud83d\ude00'],
    // An owner's text, and a costly one.
    size: 16_384,
  },
  'redaction: what was sealed': { use: (text) => seal.open(text, 'prod/key'), parts: ['A', '=', '\n', '-', 'é'] },

  'credentials: the owner in the path of a request to the API of GitHub': {
    use: (text) =>
      'token' in github && github.token(request({ authority: 'api.github.com', path: latin1(`/repos/${text}`) })),
    parts: [...inPath, '.git', 'K'],
    known: PATHS,
  },
  'credentials: the owner in the path of git': {
    use: (text) => 'token' in github && github.token(request({ authority: 'github.com', path: latin1(`/${text}`) })),
    parts: [...inPath, '.git', 'K'],
    known: PATHS,
  },
  'credentials: the repository in the path': {
    use: (text) => limited.refusal?.(request({ authority: 'api.github.com', path: latin1(`/repos/${text}`) })),
    parts: [...inPath, '.git', 'K'],
    known: PATHS,
  },

  'credentials: a list that is appended to': {
    use: (text) =>
      appendedField(
        { name: 'x-list', value: 'a, b' },
        request({ headers: () => list(text).map((line) => ['x-list', line]), wasInjected: () => false }),
      ),
    parts: [...inValue, ',', '"', '\\', '\n'],
    known: VALUES,
  },

  'discovery: how it was asked': { use: (text) => askedAt(text, 'http'), parts: inHost },
  'discovery: the path': {
    use: (text) => answered(catalogue, question({ path: `/${text}` })),
    parts: inPath,
    known: PATHS,
  },
  'discovery: the query': {
    use: (text) => answered(catalogue, question({ path: `/?${text}` })),
    parts: [...inQuery, 'page='],
    known: QUERIES,
  },
  'discovery: the host': { use: (text) => answered(catalogue, question({ authority: text })), parts: inHost },
  'discovery: accept': {
    use: (text) => answered(catalogue, question({}, { accept: text })),
    parts: [...inValue, 'text/html'],
    known: VALUES,
  },
  'discovery: a line for a shell': {
    use: (text) => curlLine({ ...listing, baseUrls: [`http://${text}`], allow: [`GET /${text}`] }),
    parts: ["'", '*', ' ', 'a', '/', '\\'],
  },
  'discovery: a page': {
    use: (text) =>
      discoveryPage({
        caller: { name: text, knownBy: ['certificate'] },
        integrations: [listing],
        complete: true,
        notes: [text],
        page: 1,
        pages: 1,
      }),
    parts: ['<', '&', "'", '"', 'a', 'é'],
  },
  'discovery: pages': { use: (text) => pagesOf(list(text), 64), parts: ['\n', 'a', '"'] },

  'refusals: of an integration that is not known': {
    use: (text) => unknownIntegration(text),
    parts: ['"', '\\', 'a', 'é'],
  },
  'refusals: of a caller': {
    use: (text) => callerRefused(openai, caller({ uriSan: text }), undefined, catalogue),
    parts: ['a', '/', '"'],
  },
  'the log of refusals': {
    use: (text) => denials.denied({ code: 'caller_not_allowed', message: text, integration: 'openai', caller: text }),
    parts: ['a', '/', '"', '\\', '\u0001', 'é'],
  },
  'the audit record': {
    use: (text) =>
      JSON.stringify(
        auditFields({ at: 0, answer: unknownIntegration(text), caller: caller({ uriSan: text }), attempt: 1 }),
      ),
    parts: ['a', '/', '"', '\\', '\u0001', 'é'],
  },
};

const listing = {
  name: 'stripe',
  baseUrls: ['http://stripe.int'],
  host: 'api.stripe.example',
  allow: [EVERYTHING],
  authentication: [],
  redacted: false,
  allowedBy: 'anyone',
};

describe('the time that a text of a caller or a destination takes', () => {
  it.each(Object.entries(TABLE))(
    'grows no faster than the text: %s',
    async (_, { use, parts, known = {}, size = HEADERS }) => {
      await fc.assert(
        fc.asyncProperty(shapes(...parts), (shape) => growsLinearly(use, shape, size)),
        { numRuns: 12, endOnFailure: true, examples: Object.values(known).map((shape) => [shape]) },
      );
    },
    120_000,
  );
});
