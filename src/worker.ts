// The process of one worker: it starts when the supervisor says so, and ends with it at the latest.
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_COUNTS } from './admin/counts.ts';
import type { Configuration } from './configuration/configuration.ts';
import { Instance, requireAwsSettings } from './instance.ts';
import { type Settings, SettingsError } from './settings.ts';
import { createLog } from './telemetry/log.ts';
import { standardOutput } from './telemetry/standard-output.ts';
import { addressesOf } from './workers/addresses.ts';
import { Arrival } from './workers/delivery.ts';
import { endOnException } from './workers/end-on-exception.ts';
import { LIFELINE } from './workers/launch.ts';
import type { FromWorker, ToWorker } from './workers/messages.ts';

/** How long calls under way may take to be answered when the supervisor is gone, in ms. */
const ORPHAN_GRACE = 9_000;

/** How long the supervisor may take to close the channel after the last message, in ms. */
const FAREWELL = 1_000;

let instance: Instance | undefined;
const made = Promise.withResolvers<Instance>();
let ending = false;
let leaving = false;
const arrival = new Arrival();
/** What has come before there was an instance to take it. */
let waiting: Configuration | undefined;

process.on('message', (message: ToWorker<Settings>) => {
  switch (message.kind) {
    case 'start':
      start(message).catch(fail);
      break;
    case 'page':
      tell({ kind: 'page', delivery: message.delivery, index: message.index });
      prepare(arrival.add(message));
      break;
    case 'use':
      use(message.version).catch(fail);
      break;
    case 'publish':
      publish(message.version).catch(fail);
      break;
    case 'settle':
      instance?.settle();
      break;
    case 'ping':
      tell({ kind: 'pong', counts: counts() });
      break;
    case 'report':
      if (instance !== undefined) tell({ kind: 'report', question: message.question, report: instance.report() });
      break;
    case 'moved':
      instance?.moved(message.event);
      break;
    case 'drain':
      end(message.grace).catch(fail);
      break;
  }
});
process.on('disconnect', () => {
  // After the last message this is the leave to go; otherwise the supervisor has died, and another one may want the sockets.
  if (leaving) process.exit();
  end(ORPHAN_GRACE).catch(fail);
});
// A terminal's Ctrl-C and a service manager's stop go to every process of the group. In which order workers end is the
// supervisor's decision.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

async function start({
  worker,
  settings,
  configuration,
  sealKey,
}: Extract<ToWorker<Settings>, { kind: 'start' }>): Promise<void> {
  process.title = `attache worker ${worker}`;
  const output = standardOutput();
  const log = createLog(settings.log, output).child({ worker });
  endOnException(log);
  try {
    const rejected = (reason: string) => tell({ kind: 'rejected', reason });
    instance = await Instance.of({ settings, log, output, configuration, sealKey, lifeline: LIFELINE, rejected });
    made.resolve(instance);
    prepare(waiting);
    await requireAwsSettings();
    await instance.start(addressesOf(settings.listen, worker), 'read');
  } catch (error) {
    if (ending) return;
    const sentence = error instanceof Error ? error.message : 'it cannot start';
    tell({ kind: 'failed', sentence, settings: error instanceof SettingsError });
    await leave(1);
  }
  if (!ending) tell({ kind: 'ready' });
}

async function end(grace: number): Promise<void> {
  if (ending) return;
  ending = true;
  await instance?.drain(grace);
  tell({ kind: 'drained', counts: counts() });
  await leave(0);
}

/** Ends once the supervisor has read the last message and closes the channel. */
async function leave(code: number): Promise<never> {
  ending = true;
  leaving = true;
  process.exitCode = code;
  if (process.connected) await sleep(FAREWELL);
  process.exit();
}

function prepare(configuration: Configuration | undefined): void {
  if (configuration === undefined) return;
  if (instance === undefined) {
    waiting = configuration;
    return;
  }
  const { version } = configuration;
  instance
    .prepare(configuration)
    .then((problem) => tell({ kind: 'prepared', version, ...(problem === undefined ? {} : { problem }) }))
    .catch(fail);
}

async function use(version: string): Promise<void> {
  await (await made.promise).use(version);
  tell({ kind: 'used', version });
}

async function publish(version: string): Promise<void> {
  const verdict = await (await made.promise).publish(version);
  tell({ kind: 'published', version, verdict });
}

/** What was not foreseen ends the process, and another takes its place. */
function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

function counts() {
  return instance?.counts() ?? NO_COUNTS;
}

function tell(message: FromWorker): void {
  // Between the supervisor's death and the news of it, sending fails; the news itself ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
