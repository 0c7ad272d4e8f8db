import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../admin/report.ts';
import type { Log } from '../telemetry/log.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** How long the steps of a rolling restart may take, in ms. */
export interface RollingLimits {
  /** A worker to answer the calls under way. */
  readonly drain: number;
  /** A new worker to be ready. */
  readonly ready: number;
  /**
   * A new worker to get its first request before the next one goes. Envoy looks every second at an address that it has given
   * up on; until it comes back to this one, no other may be taken away.
   */
  readonly noticed: number;
}

/** 9 s, 30 s and 5 s. */
export const ROLLING_LIMITS: RollingLimits = { drain: 9_000, ready: 30_000, noticed: 5_000 };

/**
 * Replaces the workers one after the other: each goes when all others are ready and Envoy has come back to them. Stops
 * where one does not become ready or a new one does worse than the old one, and leaves the others as they are.
 *
 * @param isOver tells when to leave off, because everything ends.
 */
export async function rollingRestart(
  slots: readonly WorkerSlot[],
  limits: RollingLimits,
  log: Log,
  isOver: () => boolean,
): Promise<void> {
  log.info('rolling restart: one worker after the other');
  for (const slot of slots) {
    if (isOver()) return;
    const { worker } = slot;
    const absent = slots.filter((other) => other !== slot && !other.ready);
    const areReady = await Promise.all(absent.map((other) => other.readyWithin(limits.ready)));
    if (areReady.includes(false)) {
      if (!isOver()) log.error({ worker }, 'rolling restart stops: another worker is not ready; this one stays');
      return;
    }
    for (const other of absent) await noticed(other, limits.noticed, isOver);
    const before = await slot.report();
    if (!(await slot.replace(limits.drain, limits.ready))) {
      if (!isOver()) log.error({ worker }, 'rolling restart stops: the new worker is not ready; the others stay');
      return;
    }
    const secrets = lostSecrets(before, await slot.report());
    if (secrets.length > 0) {
      log.error(
        { worker, secrets },
        'rolling restart stops: the new worker cannot read what the old one held; the others stay',
      );
      return;
    }
    await noticed(slot, limits.noticed, isOver);
  }
  log.info('rolling restart: done');
}

/** Settles when the worker has answered a request, so that Envoy is known to have found it, or after some time without. */
async function noticed(slot: WorkerSlot, patience: number, isOver: () => boolean): Promise<void> {
  const deadline = performance.now() + patience;
  while (!isOver() && performance.now() < deadline) {
    const report = await slot.report();
    if (report?.counts.requests.some(({ count }) => count > 0)) return;
    await sleep(100);
  }
}

/** The secrets that were usable before and are not any more. While AWS fails, values in memory must not be thrown away. */
function lostSecrets(before: Report | undefined, after: Report | undefined): string[] {
  const dead = new Set(after?.secrets.filter(({ state }) => state === 'dead').map(({ secret }) => secret));
  return (before?.secrets ?? [])
    .filter(({ state, secret }) => state !== 'dead' && dead.has(secret))
    .map(({ secret }) => secret);
}
