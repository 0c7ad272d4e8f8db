import { strictEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { startAws } from '../../local/aws.ts';
import { freePort } from '../../local/ports.ts';
import { startStack } from '../../local/stack.ts';
import { addRoutes, allowHeaders } from '../e2e/support/routes.ts';
import { type Message, type Reply, send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';
import { secretOf } from '../support/enforcing-aws.ts';
import { startS3Store } from '../support/s3-store/s3-store.ts';

commandLine(
  'npm run test:s3-store',
  'Works with a store that others wrote, speaks as S3 does and checks signatures (versitygw), through Envoy and Attaché, as its clients do: what they ask for must be done, with the whole body signed and without, and a wrong key must be refused. It takes Go.',
  {},
);

const REGION = 'fr-par';
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

const SIGNATURE = [
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-region-set',
];
const LIMIT = 8_388_608;
const buffer = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute';

await using aws = await startAws();
await aws.put('prod/store', secretOf(KEY));
await aws.put('prod/other', secretOf({ ...KEY, secretAccessKey: KEY.secretAccessKey.toLowerCase() }));
const port = await freePort();
await using stack = await startStack({
  aws,
  destinations: 'dns',
  edit: (document) => {
    allowHeaders(document, ...SIGNATURE);
    const route = (name: string, options: object, secret = 'prod/store') => ({
      name,
      host: `localhost:${port}`,
      attache: { integration: name, secret, aws_sigv4: { service: 's3', region: REGION, ...options } },
      entry: {
        request_body_buffer_limit: LIMIT,
        typed_per_filter_config: { whole_body: { '@type': buffer, buffer: { max_request_bytes: LIMIT } } },
      },
    });
    addRoutes(
      document,
      route('signed', {}),
      { ...route('unsigned', { payload: 'unsigned' }), entry: {} },
      route('wrong-key', {}, 'prod/other'),
      route('wrong-region', { region: 'nl-ams' }),
    );
  },
});
await using _store = await startS3Store({
  port,
  certificate: await stack.issue(['localhost']),
  key: KEY,
  region: REGION,
});

let done = 0;

/** Sends a request, and gives back the answer where it is the one that is wanted. */
async function ask(host: string, status: number, message: Partial<Message>): Promise<Reply> {
  const reply = await send(stack.port, { host: `${host}.int`, timeoutMs: 60_000, ...message });
  strictEqual(reply.status, status, `${host} ${message.method ?? 'GET'} ${message.path}: ${reply.text}`);
  done += 1;
  return reply;
}

/** How objects are named, as on the wire. None has a bare +, which no SDK writes: S3 reads a space there, this store a plus. */
const NAMES = [
  'plain',
  'with%20space%20and%2Bplus',
  "a/b/~-_.!*'()",
  '%E6%97%A5%E6%9C%AC/%C3%BC',
  '%24%40%3D%3A%2C%25%26%3B',
  'a=b&c;d@e:f$g,h',
  'lower%c3%bc',
];

for (const host of ['signed', 'unsigned']) {
  const bucket = `/bucket-${host}`;
  await ask(host, 200, { method: 'PUT', path: bucket });
  for (const name of NAMES) {
    const path = `${bucket}/${name}`;
    const body = `the object ${name}`;
    await ask(host, 200, {
      method: 'PUT',
      path,
      body,
      headers: { 'x-amz-meta-owner': 'two  spaces', 'content-type': 'text/plain' },
    });
    const got = await ask(host, 200, { path });
    strictEqual(got.text, body);
    const part = await ask(host, 206, { path, headers: { range: 'bytes=4-9' } });
    strictEqual(part.text, 'object');
    await ask(host, 200, { method: 'HEAD', path });
  }
  for (const query of [
    '?list-type=2&prefix=a%2Fb&delimiter=%2F',
    '?list-type=2&prefix=with%20space',
    '?prefix=a+b&max-keys=3',
    '?acl',
    '?location',
    '?versioning',
  ])
    await ask(host, 200, { path: `${bucket}${query}` });
  await ask(host, 200, { method: 'PUT', path: `${bucket}/copy`, headers: { 'x-amz-copy-source': `${bucket}/plain` } });
  strictEqual((await ask(host, 200, { path: `${bucket}/copy` })).text, 'the object plain');

  const started = await ask(host, 200, { method: 'POST', path: `${bucket}/parts?uploads`, body: '' });
  const [, id = ''] = /<UploadId>([^<]+)</.exec(started.text) ?? [];
  const parts = [Buffer.alloc(5_242_880, 'a'), Buffer.from('the end')];
  const tags: string[] = [];
  for (const [index, body] of parts.entries()) {
    const path = `${bucket}/parts?partNumber=${index + 1}&uploadId=${encodeURIComponent(id)}`;
    tags.push(String((await ask(host, 200, { method: 'PUT', path, body })).headers.etag));
  }
  const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
  const complete = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
  await ask(host, 200, { method: 'POST', path: `${bucket}/parts?uploadId=${encodeURIComponent(id)}`, body: complete });
  strictEqual((await ask(host, 200, { path: `${bucket}/parts` })).body.equals(Buffer.concat(parts)), true);

  const chunks = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
  await ask(host, 200, {
    method: 'PUT',
    path: `${bucket}/chunks`,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
    body: chunks,
  });
  strictEqual((await ask(host, 200, { path: `${bucket}/chunks` })).text, 'hello');

  const doomed = '<Delete><Object><Key>copy</Key></Object><Object><Key>chunks</Key></Object></Delete>';
  const md5 = createHash('md5').update(doomed).digest('base64');
  await ask(host, 200, { method: 'POST', path: `${bucket}?delete`, body: doomed, headers: { 'content-md5': md5 } });
  await ask(host, 404, { path: `${bucket}/copy` });
  for (const name of NAMES) await ask(host, 204, { method: 'DELETE', path: `${bucket}/${name}` });
}
for (const [host, code] of [
  ['wrong-key', 'SignatureDoesNotMatch'],
  ['wrong-region', 'AuthorizationHeaderMalformed'],
] as const) {
  const refused = await send(stack.port, { host: `${host}.int`, path: '/bucket-signed/parts' });
  strictEqual(refused.text.includes(code), true, `${host}: ${refused.status} ${refused.text}`);
}
process.stdout.write(
  `${done} requests of a client of S3 done as they were asked, and a wrong key and a wrong Region refused\n`,
);
