/**
 * A process in which two private keys get tokens in every way and are then let go of. It prints how much of its own heap still holds a
 * piece of one, in PEM or in DER: `{"before": {"buffers", "strings"}, "after": {…}}`. Its argument says how their secrets go, as in planted.ts.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { decide, type Holdings } from '../../../src/decide.ts';
import { parseCatalogue } from '../../../src/integrations/read-catalogue.ts';
import { SecretError } from '../../../src/secrets/secret-error.ts';
import { SecretStore } from '../../../src/secrets/secret-store.ts';
import { SecretVersion } from '../../../src/secrets/secret-version.ts';
import { TokenStore } from '../../../src/tokens/token-store.ts';
import { factsOf } from './facts.ts';
import { holders } from './holders.ts';
import type { KeyEndpoints } from './key-endpoints.ts';

const how = process.argv[2];
const worker = new Worker(new URL('./key-endpoints.ts', import.meta.url));
const { plainPort, tlsPort, ca, certificate, rsa, ec } = await new Promise<KeyEndpoints>((resolve) =>
  worker.once('message', resolve),
);
setDefaultCACertificates([...getCACertificates(), ca]);

/** Keeps bytes so that they stand nowhere; gives them back in some encoding. */
function masked(bytes: Uint8Array): (encoding: BufferEncoding, start?: number, end?: number) => string {
  const mask = randomBytes(bytes.length);
  const kept = Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
  bytes.fill(0);
  return (encoding, start = 0, end = kept.length) => {
    const part = Buffer.alloc(end - start);
    for (let at = start; at < end; at += 1) part[at - start] = (kept[at] ?? 0) ^ (mask[at] ?? 0);
    const text = part.toString(encoding);
    part.fill(0);
    return text;
  };
}

const keys = { rsa: masked(rsa), ec: masked(ec) };
const pem = (key: keyof typeof keys) =>
  `-----BEGIN PRIVATE KEY-----\n${keys[key]('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
/** A piece of each that nobody knows but its owner, within one line of PEM: of RSA's private exponent, of the number that P-256 has. */
const pieces = (['base64', 'latin1'] as const).flatMap((encoding) => [
  () => keys.rsa(encoding, 384, 432),
  () => keys.ec(encoding, 48, 66),
]);

const PLAIN = `http://127.0.0.1:${plainPort}`;
const HOST = `127.0.0.1:${plainPort}`;
const KINDS = [
  ['rsa', `oauth2: { grant: client_credentials, auth: private_key_jwt, token_url: "${PLAIN}/token" }`],
  ['ec', `oauth2: { grant: client_credentials, auth: private_key_jwt, token_url: "${PLAIN}/token" }`],
  ['ec', `oauth2: { grant: client_credentials, auth: tls, token_url: "https://127.0.0.1:${tlsPort}/token" }`],
  ['ec', `oauth2: { grant: jwt_bearer, token_url: "${PLAIN}/token" }`],
  ['rsa', 'google_service_account: { scopes: ["https://scope.example.test"] }'],
  ['rsa', `github_app: { api: "${PLAIN}" }`],
] as const;
const list = KINDS.map(
  ([secret, kind], index) => `- { integration: i${index}, host: "${HOST}", secret: prod/${secret}, ${kind} }\n`,
);
const { catalogue } = parseCatalogue('planted.yaml', `integrations:\n${list.join('')}`);
let isGone = false;
const source = {
  fetch: async (id: string) => {
    if (isGone) throw new SecretError(id, 'secret_deleted', '');
    const value = {
      private_key: pem(id === 'prod/rsa' ? 'rsa' : 'ec'),
      ...{ client_id: 'c', app_id: '1', client_email: 'a@b.test', token_uri: `${PLAIN}/token`, certificate },
    };
    return new SecretVersion(`v-${id}`, JSON.stringify(value));
  },
};
const tokens = new TokenStore({
  writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
  notify: () => undefined,
});
const purged = new Set<string>();
const secrets = new SecretStore(source, { refreshAfter: 3_600_000, maxStale: 3_600_000 }, (secret, news) => {
  if (news.kind !== 'purged') return;
  purged.add(secret);
  tokens.forget(secret);
});

async function useAll(): Promise<void> {
  const holdings: Holdings = { catalogue, secrets, tokens, instances: undefined, fetchDeadline: 10_000 };
  for (const { name } of catalogue) {
    const decision = await decide(factsOf(name, { authority: HOST, path: '/repos/acme/shop' }), holdings);
    if (decision.kind !== 'inject') throw new Error(`${name}: ${JSON.stringify(decision)}`);
  }
}

await secrets.hold(catalogue);
await useAll();
const before = await holders(pieces);
if (how === 'purged') {
  isGone = true;
  for (const name of ['prod/rsa', 'prod/ec']) secrets.moved({ arn: name, name, versionId: 'v2' });
  while (purged.size < 2) await sleep(100);
} else {
  tokens.retain(new Set());
  await secrets.hold([]);
}
await sleep(100);
const after = await holders(pieces);
await worker.terminate();
secrets.close();
console.log(JSON.stringify({ before, after }));
process.exit(0);
