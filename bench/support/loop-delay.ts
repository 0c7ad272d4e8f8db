// Loaded into a process by --import. On SIGUSR2 it writes for how long its event loop was held up at most since the last time, in ms:
// by the clock, which on a busy machine counts others too, and by the CPU that its own thread took from one turn to the next.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** What it writes. */
export interface HeldUp {
  readonly clock: number;
  readonly cpu: number;
}

const folder = process.env.LOOP_DELAY_FOLDER;

if (isMainThread && folder !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let cpu = 0;
  let before = process.threadCpuUsage();
  setInterval(() => {
    const now = process.threadCpuUsage();
    cpu = Math.max(cpu, (now.user + now.system - before.user - before.system) / 1_000);
    before = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(
      join(folder, `${process.pid}.json`),
      JSON.stringify({ clock: delay.max / 1e6, cpu } satisfies HeldUp),
    );
    delay.reset();
    cpu = 0;
  });
}
