import { Agent } from 'node:http';
import type { EnvoyDocument } from '../../local/derive-envoy-config.ts';
import { startStack } from '../../local/stack.ts';
import { send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';

const { count } = commandLine(
  'npm run test:requests',
  'Sends 30,000 requests through Envoy while it ends each call to Attaché by a reset (its default), and 30,000 more while it closes them gracefully (as envoy.yaml has it). None may fail, and Attaché may not close a connection.',
  { count: { says: 'how many requests, in each of the two ways', default: 30_000, unit: 'requests' } },
);
const connections = 16;

const layer = ['layered_runtime', 'layers', 0, 'static_layer'];

const closes: Record<string, (document: EnvoyDocument) => void> = {
  'by a reset': (document) => {
    document.deleteIn([...layer, 'envoy.reloadable_features.ext_proc_graceful_grpc_close']);
  },
  gracefully: () => undefined,
};

/** Sends them all, a request on each connection at a time, and counts the answers by status. */
async function load(port: number): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses: Record<string, number> = {};
  let sent = 0;
  const worker = async () => {
    while (sent < count) {
      sent += 1;
      if (sent % 5_000 === 0) process.stdout.write(`  ${sent} sent\n`);
      const outcome = await send(port, { host: 'openai.int', agent }).then(
        ({ status }) => String(status),
        (error: Error) => error.message,
      );
      statuses[outcome] = (statuses[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return statuses;
}

let good = true;
for (const [how, edit] of Object.entries(closes)) {
  await using stack = await startStack({ edit, attache: { env: { ATTACHE_LOG: 'warn' } } });
  process.stdout.write(`${count} requests through Envoy ${stack.envoy.version}, which ends its calls ${how}\n`);
  const began = performance.now();
  const statuses = await load(stack.port);
  const seconds = (performance.now() - began) / 1_000;
  const { 'cluster.attache.upstream_cx_close_notify': closed = 0, 'cluster.attache.upstream_rq_total': calls = 0 } =
    await stack.envoy.stats(/^cluster\.attache\./);
  const failed = count - (statuses['200'] ?? 0);
  process.stdout.write(
    `  answers ${JSON.stringify(statuses)}, ${Math.round(count / seconds)}/s, ${calls} calls to Attaché, upstream_cx_close_notify ${closed}\n`,
  );
  // Fewer calls than requests would mean that some went past Attaché.
  const passed = failed === 0 && closed === 0 && calls >= count;
  process.stdout.write(`${passed ? 'passed' : 'FAILED'}: no request failed when Envoy ends its calls ${how}\n`);
  good &&= passed;
}
process.exit(good ? 0 : 1);
