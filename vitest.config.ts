import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Whatever the machine: each end-to-end file runs a whole stack of its own, and waits for most of its time.
    maxWorkers: 4,
    // Programs that tests start are compiled once, not each time.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('.local/compile-cache', import.meta.url)) },
    // Guards against what hangs, here and below, and no measure: the machine may be busy.
    expect: { poll: { timeout: 60_000 } },
    // Files leave nothing behind, and what they import is the same for most.
    isolate: false,
    sequence: { shuffle: { files: true, tests: true } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/compose/containers.test.ts'],
          testTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/compose/containers.test.ts'],
          globalSetup: ['test/e2e/support/install-tools.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
