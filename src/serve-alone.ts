import type { Overview } from './admin/report.ts';
import type { ConfigurationFile } from './configuration/configuration-file.ts';
import { Instance, requireAwsSettings } from './instance.ts';
import type { LabelMoved } from './secrets/label-events.ts';
import { serveOverview } from './serve-overview.ts';
import type { Settings } from './settings.ts';
import { createLog } from './telemetry/log.ts';
import { standardOutput } from './telemetry/standard-output.ts';
import { addressesOf } from './workers/addresses.ts';
import { endOnException } from './workers/end-on-exception.ts';
import { closeInspectorSignal, warnOfExposures } from './workers/exposure.ts';
import { hearOfRotations } from './workers/hear-of-rotations.ts';
import { Rollout } from './workers/rollout.ts';

/** How long calls under way may take to be answered when the process ends, in ms. */
const DRAIN_GRACE = 9_000;

/** How long a refresh token that is being renewed may take to be stored after that, in ms. */
const STORE_GRACE = 25_000;

/**
 * Answers Envoy in this process, until it is told to end.
 *
 * @returns once it is ready; from then on signals end it.
 * @param file what defines the integrations.
 * @throws SettingsError when AWS settings contradict each other.
 * @throws Error when an address cannot be had.
 */
export async function serveAlone(settings: Settings, file: ConfigurationFile): Promise<void> {
  const output = standardOutput();
  const log = createLog(settings.log, output);
  endOnException(log);
  closeInspectorSignal(log);
  warnOfExposures(log);
  const rejected = (reason: string) => file.rejected(reason, log);
  const instance = await Instance.of({ settings, log, output, configuration: file.configuration, rejected });
  const rollout = new Rollout(file.configuration, () => [instance], log);
  file.follow(log, (configuration) => rollout.take(configuration));
  await requireAwsSettings();

  const overview = async (): Promise<Overview> => {
    const report = instance.report();
    const { ready } = instance;
    const workers = [{ worker: 0, pid: process.pid, ready, restarts: 0, report }];
    const { problems } = file;
    return { ready, uptimeSeconds: report.uptimeSeconds, problems, workers, counts: report.counts };
  };
  const moved = (event: LabelMoved) => instance.moved(event);
  const admin = await serveOverview(settings, { ready: () => instance.ready, overview, moved, log });

  const events = await hearOfRotations(settings.eventsQueue, log, moved);
  let ending = false;
  const end = async (signal: NodeJS.Signals) => {
    if (ending) process.exit(1);
    ending = true;
    log.info({ signal }, 'ending: calls under way are answered first');
    file.close();
    await instance.drain(DRAIN_GRACE, STORE_GRACE);
    events?.close();
    await admin.close();
    log.info('ended');
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => {
    log.warn('SIGHUP: a rolling restart needs two workers or more (ATTACHE_WORKERS); going on as before');
  });

  const listen = addressesOf(settings.listen, 0);
  await instance.start(listen, 'listen');
  if (ending) return;
  log.info({ integrations: instance.size, listen, startMs: Math.round(performance.now()) }, 'ready');
}
