import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAttache } from '../../local/attache.ts';
import { type LocalAws, startAws } from '../../local/aws.ts';
import { until } from '../../local/until.ts';
import { commandLine } from '../support/command-line.ts';
import { openLoop } from '../support/open-loop.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../support/raw-stream.ts';
import { AWS_QUOTAS, type Quotas, rateLimit } from '../support/scripted-secrets-manager/rate-limit.ts';
import { startScriptedSecretsManager } from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const {
  count: COUNT,
  ministack,
  rate: RATE,
} = commandLine(
  'npm run test:many-secrets',
  `Attaché starts with thousands of secrets while requests for any of them come in, as fast as AWS's quotas let it read: each must be read once, and no request may be refused that has not waited as long as it may.`,
  {
    count: { says: 'how many secrets', default: 5_000, bare: true },
    ministack: { says: 'have an emulator without quotas play AWS', default: false },
    rate: { says: 'how many requests a second while the secrets are read', default: 100, unit: 'requests/s' },
  },
);

/** What a request waits for its secret, in ms, and what its refusal may come early, by the coarseness of clocks. */
const DEADLINE = 2_000;
const EARLY = 50;

const folder = mkdtempSync(join(tmpdir(), 'attache-secrets-'));
const file = join(folder, 'integrations.yaml');
const blocks = Array.from(
  { length: COUNT },
  (_, index) =>
    `- { integration: api-${index}, host: api-${index}.example.com, secret: prod/api-${index}, bearer: "{{ . }}" }\n`,
);
writeFileSync(file, `integrations:\n${blocks.join('')}`);

const questions = Array.from({ length: COUNT }, (_, index) =>
  grpcFrame(
    envoyRequest({ integration: `api-${index}`, authority: `api-${index}.example.com`, address: '127.0.0.1:40000' }),
  ),
);

const names = Array.from({ length: COUNT }, (_, index) => `prod/api-${index}`);

/** @returns whether all was as it must be. */
async function starts(what: string, aws: LocalAws, calls: () => string): Promise<boolean> {
  const socket = join(folder, '0.sock');
  rmSync(socket, { force: true });
  const starting = startAttache({
    sockets: [socket],
    config: file,
    aws: aws.environment,
    env: { ATTACHE_LOG: 'info' },
    readyWithin: 120_000,
  });
  await until(() => existsSync(socket), { failure: 'Attaché does not listen', timeoutMs: 60_000 });
  const began = performance.now();
  const session = connectRaw(socket);
  const end = new AbortController();
  let early = 0;
  const load = openLoop({ rate: RATE, until: end.signal }, async () => {
    const sent = performance.now();
    const question = questions[Math.floor(Math.random() * questions.length)] as Buffer;
    const { answers } = await rawStream(session, [question]);
    // Envoy is asked for time before the answer.
    const isInjected = answers.at(-1)?.response?.$case === 'requestHeaders';
    if (!isInjected && performance.now() - sent < DEADLINE - EARLY) early += 1;
    return isInjected ? 200 : 503;
  });
  await using attache = await starting;
  const loaded = () => attache.log.entries.filter((line) => line.includes('"secret loaded"')).length;
  const all = await until(() => loaded() >= COUNT, {
    failure: 'not all secrets came',
    timeoutMs: 120_000,
    everyMs: 100,
  }).then(
    () => true,
    () => false,
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  end.abort();
  const { count, statuses, percentile } = await load;
  session.destroy();
  process.stdout.write(
    `${what}: ${loaded()} of ${COUNT} secrets in ${seconds} s by ${calls()}; ${count} requests meanwhile (${JSON.stringify(statuses)}), ${early} refused before they had waited ${DEADLINE / 1_000} s, ${Math.round(percentile(0.5))} ms (p50), ${Math.round(percentile(0.99))} ms (p99)\n`,
  );
  return all && early === 0;
}

const rows: readonly (readonly [string, Quotas])[] = [
  ["AWS's quotas", AWS_QUOTAS],
  ['a tenth of them, as if others used the rest', { GetSecretValue: 1_000, BatchGetSecretValue: 10 }],
  ['without BatchGetSecretValue', { ...AWS_QUOTAS, BatchGetSecretValue: 0 }],
];
let isWell = true;
if (ministack) {
  await using aws = await startAws();
  for (let at = 0; at < COUNT; at += 50)
    await Promise.all(names.slice(at, at + 50).map((name) => aws.put(name, `value of ${name}`)));
  isWell = await starts('ministack', aws, () => 'calls that nobody counts');
} else {
  await using aws = await startScriptedSecretsManager();
  aws.fill(names);
  for (const [what, quotas] of rows) {
    aws.calls.clear();
    const limit = rateLimit(quotas);
    let throttled = 0;
    aws.disturb((call) => {
      if (quotas[call.operation] === 0) return { error: 'AccessDeniedException' };
      const fault = limit(call);
      if (fault !== undefined) throttled += 1;
      return fault;
    });
    const calls = () => {
      const operations = aws.calls.entries.map(({ operation }) => operation);
      const count = (name: string) => operations.filter((it) => it === name).length;
      return `${count('BatchGetSecretValue')} BatchGetSecretValue and ${count('GetSecretValue')} GetSecretValue, ${throttled} of them throttled`;
    };
    isWell = (await starts(what, aws.aws, calls)) && isWell;
  }
}
rmSync(folder, { recursive: true });
process.exit(isWell ? 0 : 1);
