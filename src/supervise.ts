import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import type { ConfigurationFile } from './configuration/configuration-file.ts';
import { prepareSocket } from './processor/listen-address.ts';
import { SEAL_KEY_LENGTH } from './redaction/seal.ts';
import type { LabelMoved } from './secrets/label-events.ts';
import { serveOverview } from './serve-overview.ts';
import { type Settings, SettingsError } from './settings.ts';
import { createLog } from './telemetry/log.ts';
import { addressesOf } from './workers/addresses.ts';
import { endOnException } from './workers/end-on-exception.ts';
import { closeInspectorSignal, warnOfExposures } from './workers/exposure.ts';
import { hearOfRotations } from './workers/hear-of-rotations.ts';
import { launcher } from './workers/launch.ts';
import { Supervisor } from './workers/supervisor.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const WORKER = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Has several workers answer Envoy, and serves the admin address for all of them, until it is told to end. Everything that can
 * be found wrong without a worker is found before the first one starts.
 *
 * @param file what defines the integrations: read here, once for all workers.
 * @returns once all workers are ready; from then on signals end it, and one that ends is started again for ever.
 * @throws SettingsError when AWS settings contradict each other.
 * @throws Error when an address cannot be had.
 */
export async function supervise(settings: Settings, file: ConfigurationFile): Promise<void> {
  const log = createLog(settings.log);
  endOnException(log);
  closeInspectorSignal(log);
  for (let worker = 0; worker < settings.workers; worker += 1) {
    for (const address of addressesOf(settings.listen, worker)) {
      if ('path' in address) await prepareSocket(address.path);
    }
  }
  warnOfExposures(log);

  // Another worker than the one that has answered a request may be asked about its response, and a new one after a restart.
  const sealKey = randomBytes(SEAL_KEY_LENGTH).toString('base64');
  const supervisor = new Supervisor({
    workers: settings.workers,
    launch: launcher(WORKER, { lifeline: 'pipe' }),
    configuration: file.configuration,
    start: (worker, configuration) => ({ kind: 'start', worker, settings, configuration, sealKey }),
    onRejected: (reason) => file.rejected(reason, log),
    log,
  });
  file.follow(log, (configuration) => supervisor.configure(configuration));
  const overview = async () => ({ ...(await supervisor.overview()), problems: file.problems });
  const moved = (event: LabelMoved) => supervisor.moved(event);
  const admin = await serveOverview(settings, { ready: () => supervisor.ready, overview, moved, log });

  const events = await hearOfRotations(settings.eventsQueue, log, moved);
  let ending = false;
  const end = async (signal: NodeJS.Signals) => {
    if (ending) {
      supervisor.kill();
      process.exit(1);
    }
    ending = true;
    log.info({ signal }, 'ending: the workers one after the other, calls under way are answered first');
    file.close();
    await supervisor.end();
    events?.close();
    await admin.close();
    log.info('ended');
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => void supervisor.roll());

  const failure = await supervisor.start();
  if (failure !== undefined && !ending) {
    supervisor.kill();
    throw failure.settings ? new SettingsError([failure.sentence]) : new Error(failure.sentence);
  }
  log.info({ workers: settings.workers, listen: settings.listen, startMs: Math.round(performance.now()) }, 'ready');
}
