// Loaded into a process by --import. On SIGUSR2 it collects all garbage and writes how much is held after that, in bytes: what it holds
// before depends on when V8 collects, and so on how busy a machine is.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const folder = process.env.HELD_MEMORY_FOLDER;

if (isMainThread && folder !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  process.on('SIGUSR2', async () => {
    // What one collection finds dead may hold others, which are let go of in the turn after it.
    for (let times = 0; times < 3; times += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(join(folder, 'held'), String(heapUsed + external));
  });
}
