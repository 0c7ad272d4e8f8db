// Loaded into a process by --import. On SIGUSR2 it writes what garbage collection and the event loop did since the last time.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/** What it writes. Times in ms. */
export interface Pauses {
  /** Collections of the young generation. */
  readonly scavenges: number;
  readonly scavengeMean: number;
  readonly scavengeMax: number;
  /** Bytes that they took over into the old generation, alive or not. */
  readonly promoted: number;
  /** Collections of the old generation. */
  readonly markCompacts: number;
  readonly markCompactMax: number;
  /** How late the event loop came round, beyond the millisecond that it is asked to. */
  readonly delayP99: number;
  readonly delayMax: number;
}

/** The variable that names the folder where it writes, as PID.json. */
export const FOLDER = 'PAUSES_FOLDER';

/** The resolution of the event loop's histogram, in ms. */
const RESOLUTION = 1;

type Collection = NonNullable<ReturnType<GCProfiler['stop']>>['statistics'][number];

const folder = process.env[FOLDER];

if (isMainThread && folder !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  let profiler = new GCProfiler();
  profiler.start();
  process.on('SIGUSR2', () => {
    const collections = profiler.stop()?.statistics ?? [];
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
    const pauses: Pauses = { ...summary(collections), delayP99: late(delay.percentile(99)), delayMax: late(delay.max) };
    const file = join(folder, `${process.pid}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(pauses));
    renameSync(`${file}.new`, file);
    delay.reset();
    profiler = new GCProfiler();
    profiler.start();
  });
}

function summary(collections: readonly Collection[]) {
  const young = collections.filter(({ gcType }) => gcType === 'Scavenge');
  const old = collections.filter(({ gcType }) => gcType === 'MarkSweepCompact');
  const cost = (all: readonly Collection[]) => all.map((it) => it.cost / 1_000);
  const scavenged = cost(young);
  return {
    scavenges: young.length,
    scavengeMean: scavenged.reduce((sum, ms) => sum + ms, 0) / Math.max(1, young.length),
    scavengeMax: Math.max(0, ...scavenged),
    promoted: young.reduce((sum, it) => sum + oldSpace(it.afterGC) - oldSpace(it.beforeGC), 0),
    markCompacts: old.length,
    markCompactMax: Math.max(0, ...cost(old)),
  };
}

function oldSpace({ heapSpaceStatistics }: Collection['beforeGC']): number {
  return heapSpaceStatistics.find(({ spaceName }) => spaceName === 'old_space')?.spaceUsedSize ?? 0;
}
