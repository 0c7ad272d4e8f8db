import { deepEqual, equal, match } from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiNames, apis, newKeys } from '../../../local/apis.ts';
import { localAws } from '../../../local/aws.ts';
import { until } from '../../../local/until.ts';
import { serviceOf } from '../support/compose-file.ts';
import { local } from '../support/files.ts';
import { containersOf, healthy } from './containers.ts';
import type { Shell } from './shell.ts';
import type { Walk } from './walk.ts';

/** Walks through what there is with an AWS of the user's own, for which an emulator stands outside of the project. No request leaves. */
export async function productionSteps(walk: Walk, shell: Shell, folder: string, project: string): Promise<void> {
  await walk.step('without AWS, Attaché ends and says what to set, and Envoy is not started', async () => {
    const up = await shell.start('docker compose up --build');
    const isSaid = (line: string) => line.includes('set AWS_REGION');
    await Promise.any([up.stdout, up.stderr].map((output) => output.find(isSaid, 'what to set', 600_000)));
    up.signal('SIGINT');
    await up.exited;
    equal((await containersOf(shell)).get('envoy')?.State, 'created');
    await shell.type('docker compose down --volumes');
  });

  await walk.step('with AWS, of which .env tells, both are healthy, and check reads the secrets', async () => {
    const emulator = `${project}-emulator`;
    const keys = newKeys();
    writeFileSync(
      join(folder, '.env'),
      'AWS_REGION=us-east-1\nAWS_ACCESS_KEY_ID=local\nAWS_SECRET_ACCESS_KEY=local\nAWS_ENDPOINT_URL_SECRETS_MANAGER=http://emulator:4566\n',
    );
    try {
      await shell.type('docker compose create');
      const { image = '' } = serviceOf(local, 'ministack');
      const network = `--network ${project}_aws --network-alias emulator`;
      await shell.type(`docker run --detach --rm --name ${emulator} ${network} --publish 127.0.0.1::4566 ${image}`);
      const { stdout: address } = await shell.type(`docker port ${emulator} 4566`);
      const aws = localAws(`http://${address.split('\n')[0]}`);
      await until(
        () => Promise.all(apiNames.map((name) => aws.put(apis[name].secret, apis[name].secretValue(keys[name])))),
        {
          failure: 'the emulator did not take the keys',
          everyMs: 500,
        },
      );
      await shell.type('docker compose up --detach');
      await healthy(shell, 'attache', 'envoy');
      match((await shell.type('docker compose run --rm --no-deps attache check --aws')).stdout, /0 errors/);
      await shell.type('docker compose stop');
      const codes = [...(await containersOf(shell)).values()].map(({ Service, ExitCode }) => [Service, ExitCode]);
      deepEqual(Object.fromEntries(codes), { attache: 0, envoy: 0 });
    } finally {
      await shell.run(`docker rm --force ${emulator}`);
      rmSync(join(folder, '.env'));
      await shell.run('docker compose down --volumes');
    }
  });
}
