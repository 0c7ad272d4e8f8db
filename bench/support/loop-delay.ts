// Loaded into a process by --import: on SIGUSR2 it writes how long its event loop was held up since the last time, in ms.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const folder = process.env.LOOP_DELAY_FOLDER;

if (isMainThread && folder !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('SIGUSR2', () => {
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ max: delay.max / 1e6 }));
    delay.reset();
  });
}
