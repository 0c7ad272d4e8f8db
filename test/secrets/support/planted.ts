/**
 * A process in which a planted secret is used in every way and then let go of. It prints how many buffers and strings of its
 * own heap still hold the value: `{"before": {"buffers", "strings"}, "after": {…}}`. Its argument says how the secret goes: `purged`,
 * because AWS has deleted it, or `removed`, because no integration names it any more.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { decide, type Holdings } from '../../../src/decide.ts';
import { hide, sealHidden } from '../../../src/hide.ts';
import { parseCatalogue } from '../../../src/integrations/read-catalogue.ts';
import { encodeAnswer } from '../../../src/processor/encode.ts';
import { Redactions } from '../../../src/redaction/redactions.ts';
import { Seal } from '../../../src/redaction/seal.ts';
import { SecretError } from '../../../src/secrets/secret-error.ts';
import { SecretStore } from '../../../src/secrets/secret-store.ts';
import { SecretVersion } from '../../../src/secrets/secret-version.ts';
import { TokenStore } from '../../../src/tokens/token-store.ts';
import { factsOf } from './facts.ts';
import { holders } from './holders.ts';

const how = process.argv[2];
// Never a string of its own: what is planted is made anew from this for each read.
const mask = randomBytes(24);
const masked = Buffer.from(randomBytes(24).map((byte, index) => (97 + (byte % 26)) ^ (mask[index] ?? 0)));
const planted = () => {
  const bytes = Buffer.alloc(masked.length, masked);
  for (const [index, byte] of mask.entries()) bytes[index] = (bytes[index] ?? 0) ^ byte;
  const text = bytes.toString('latin1');
  bytes.fill(0);
  return text;
};

// A worker's heap is another one than this: what its server keeps is not counted.
const tokens = new Worker(
  `const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: workerData, token_type: 'bearer', expires_in: 3600 }));
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
  { eval: true, workerData: `${planted()}-token` },
);
const port = await new Promise<number>((resolve) => tokens.once('message', resolve));
const tokenUrl = `http://127.0.0.1:${port}/token`;

const KINDS = [
  'bearer: "{{ key }}"',
  'basic: { username: "{{ key }}" }',
  'headers: { x-key: "{{ key }}" }',
  'query: { key: "{{ key }}" }',
  'path: "/bot{{ key }}"',
  `oauth2: { grant: client_credentials, token_url: "${tokenUrl}" }`,
];
const list = KINDS.flatMap((kind, index) =>
  [false, true].map(
    (redact) =>
      `- { integration: i${index}${redact ? 'r' : ''}, host: a.example, secret: prod/x, ${kind}${redact ? ', redact: true' : ''} }\n`,
  ),
);
const { catalogue } = parseCatalogue('planted.yaml', `integrations:\n${list.join('')}`);
let isGone = false;
const source = {
  fetch: async (id: string) => {
    if (isGone) throw new SecretError(id, 'secret_deleted', '');
    return new SecretVersion('v1', JSON.stringify({ key: planted(), client_id: 'id', client_secret: planted() }));
  },
};
const redactions = new Redactions();
const wiped = () => redactions.forget();
const tokenStore = new TokenStore({
  writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
  notify: () => undefined,
  wiped,
});
let isPurged = false;
const secrets = new SecretStore(
  source,
  { refreshAfter: 3_600_000, maxStale: 3_600_000 },
  (secret, news) => {
    if (news.kind !== 'purged') return;
    isPurged = true;
    tokenStore.forget(secret);
  },
  wiped,
);
const seal = new Seal(undefined);

async function useAll(): Promise<void> {
  const holdings: Holdings = { catalogue, secrets, tokens: tokenStore, instances: undefined, fetchDeadline: 2_000 };
  for (const { name: integration } of catalogue) {
    for (let index = 0; index < 100; index += 1) {
      const decision = await decide(factsOf(integration), holdings);
      if (decision.kind !== 'inject') throw new Error(JSON.stringify(decision));
      encodeAnswer(decision, 'requestHeaders', (answer) => sealHidden(answer, seal));
      if (index > 0) continue;
      const versions = [decision.version];
      const record = { versions, tokens: decision.injection.tokens, sealed: () => undefined };
      hide({ integration, isOfDestination: true, record } as never, { catalogue, secrets, seal, redactions });
    }
  }
}

await secrets.hold(catalogue);
await useAll();
const before = await holders([planted]);
if (how === 'purged') {
  isGone = true;
  secrets.moved({ arn: 'prod/x', name: 'prod/x', versionId: 'v2' });
  while (!isPurged) await sleep(100);
} else {
  tokenStore.retain(new Set());
  await secrets.hold([]);
}
await sleep(100);
const after = await holders([planted]);
await tokens.terminate();
secrets.close();
redactions.forget();
console.log(JSON.stringify({ before, after }));
process.exit(0);
