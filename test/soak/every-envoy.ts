import { spawnSync } from 'node:child_process';
import { commandLine } from '../support/command-line.ts';

commandLine(
  'npm run test:envoys',
  'Runs the end-to-end tests of injection, refusal, rotation, streaming, signing, spoofing, proxying, links, patience, large bodies, routes that are taken over while it runs and the verdict of --mode validate, on each Envoy that is supported.',
  {},
);

const versions = ['1.38.3', '1.39.3', '1.40.0'];

const failed = versions.filter((version) => {
  process.stdout.write(`Envoy ${version}\n`);
  const { status } = spawnSync(
    'vitest',
    [
      'run',
      '--project',
      'e2e',
      'test/e2e/injection.test.ts',
      'test/e2e/fail-closed.test.ts',
      'test/e2e/rotation.test.ts',
      'test/e2e/streaming.test.ts',
      'test/e2e/aws-sigv4.test.ts',
      'test/e2e/spoofing.test.ts',
      'test/e2e/http-proxy.test.ts',
      'test/e2e/links.test.ts',
      'test/e2e/envoy-refusals.test.ts',
      'test/e2e/patience.test.ts',
      'test/e2e/large-bodies.test.ts',
      'test/e2e/live.test.ts',
      'test/e2e/envoy-verdict.test.ts',
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ENVOY_VERSION: version },
    },
  );
  return status !== 0;
});
process.stdout.write(
  failed.length === 0 ? `passed on Envoy ${versions.join(', ')}\n` : `FAILED on Envoy ${failed.join(', ')}\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
