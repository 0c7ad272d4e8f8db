import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../local/ports.ts';
import { startStack } from '../../local/stack.ts';
import { addRoutes } from '../e2e/support/routes.ts';
import { startTlsDestination } from '../e2e/support/tls-destination.ts';
import { commandLine } from '../support/command-line.ts';
import { beginUpload, receiveUpload } from '../support/upload.ts';

const { mib, http1 } = commandLine(
  'npm run test:upload',
  'Uploads two gigabytes in one request through a route that injects a bearer key. The destination stops reading half-way for two seconds. What arrives must be what was sent, with the key, and neither Envoy nor Attaché may hold it in memory.',
  {
    mib: { says: 'how much is sent', default: 2048, unit: 'MiB' },
    http1: { says: 'let the destination speak HTTP/1.1 instead of HTTP/2', default: false },
  },
);
const MiB = 1024 * 1024;
const total = mib * MiB;
const pauseMs = 2_000;
/** What memory may grow by: far more than a connection's buffers, far less than the upload. */
const allowedMiB = 100;

const port = await freePort();
await using stack = await startStack({
  destinations: 'dns',
  edit: (document) => {
    addRoutes(document, {
      name: 'files',
      host: `localhost:${port}`,
      attache: { integration: 'files', secret: 'prod/openai', bearer: '{{ api_key }}' },
    });
  },
});
let pauseAt = Number.POSITIVE_INFINITY;
/** Bytes that the caller had sent more than had arrived, at the end of the pause. */
let held = 0;
let sent = () => 0;
await using _destination = await startTlsDestination({
  certificate: await stack.issue(['localhost']),
  port,
  http2: !http1,
  handle: (incoming, outgoing) => {
    receiveUpload(incoming, outgoing, async (bytes) => {
      if (bytes < pauseAt) return;
      pauseAt = Number.POSITIVE_INFINITY;
      await setTimeout(pauseMs);
      held = sent() - bytes;
    });
  },
});

/** The most memory that a process has had resident since it started, in MiB. */
const peakMiB = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

const upload = async (length: number) => {
  const sending = beginUpload(
    stack.port,
    { host: 'files.int', authorization: 'Bearer mine', 'content-length': length },
    AbortSignal.timeout(600_000),
  );
  sent = () => sending.bytes;
  // Each piece differs, so that one that is lost, repeated or out of order shows in the sum.
  const piece = randomBytes(Math.min(MiB, length));
  while (sending.bytes < length) {
    piece.writeDoubleBE(sending.bytes);
    // A copy, because a piece that is still on its way must not change.
    await sending.write(Buffer.from(piece.subarray(0, length - sending.bytes)));
  }
  return sending.end();
};

await upload(64 * 1024);
const before = { envoy: peakMiB(stack.envoy.pid), attache: peakMiB(stack.attache.pid) };
pauseAt = total / 2;
const began = performance.now();
const { status, sha256, receipt } = await upload(total);
const seconds = (performance.now() - began - pauseMs) / 1_000;
const after = { envoy: peakMiB(stack.envoy.pid), attache: peakMiB(stack.attache.pid) };

const memory = (part: 'envoy' | 'attache') => `${before[part].toFixed(0)} MiB before, ${after[part].toFixed(0)} after`;
process.stdout.write(
  `${receipt.bytes} bytes in ${seconds.toFixed(1)} s and a pause of ${pauseMs / 1_000} s: ${(receipt.bytes / MiB / seconds).toFixed(0)} MiB/s; ` +
    `${(held / MiB).toFixed(1)} MiB on their way in the pause\n` +
    `peak resident memory: Envoy ${memory('envoy')}; Attaché ${memory('attache')}\n`,
);
const verdicts = [
  [status === 200 && receipt.bytes === total && receipt.sha256 === sha256, 'what arrived is what was sent'],
  [receipt.authorization === `Bearer ${stack.keys.openai}`, "it came with the key and not with the caller's own"],
  [held > 0 && held < allowedMiB * MiB, 'the caller waited while the destination did not read'],
  [after.envoy - before.envoy < allowedMiB, `Envoy's memory grew by less than ${allowedMiB} MiB`],
  [after.attache - before.attache < allowedMiB, `Attaché's memory grew by less than ${allowedMiB} MiB`],
] as const;
for (const [good, text] of verdicts) process.stdout.write(`${good ? 'passed' : 'FAILED'}: ${text}\n`);
process.exitCode = verdicts.every(([good]) => good) ? 0 : 1;
