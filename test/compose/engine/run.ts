import { deepEqual } from 'node:assert/strict';
import { commandLine } from '../../support/command-line.ts';
import { copyOfRepository } from './folder.ts';
import { localSteps } from './local-steps.ts';
import { productionSteps } from './production-steps.ts';
import { Shell } from './shell.ts';
import { shownCommands } from './shown-commands.ts';
import { Walk } from './walk.ts';

const { required, within } = commandLine(
  'npm run test:compose',
  'Types every command for Docker that docker-compose.yml, docker-compose.local.yml and the README show, on the engine that the docker client reaches (DOCKER_HOST, or its context), and looks at what becomes of it: what is built and when, how an added integration comes into use, rotations, restarts, users and permissions, logs, and how it ends. Ports 8080 and 9464 must be free. Where there is no engine it says so and is skipped.',
  {
    required: { says: 'fail where there is no engine', default: false },
    within: {
      says: 'how long after the edit an added integration must answer a program',
      default: 5,
      unit: 'seconds',
    },
  },
);

/** Not that of docker-compose.yml: the user's own may run. */
const PROJECT = 'attache-test';

const folder = copyOfRepository();
const shell = new Shell(folder, { COMPOSE_PROJECT_NAME: PROJECT });
const versions = await shell.run("docker version --format 'Docker {{.Server.Version}}'", 'docker compose version');
if (versions.code !== 0) {
  process.stdout.write(
    `SKIPPED: nothing of docker-compose.yml was tested, since no Docker engine with Docker Compose answers here:\n${versions.stderr}\nStart one, or name it in DOCKER_HOST.\n`,
  );
  process.exit(required ? 1 : 0);
}
process.stdout.write(`${versions.stdout}\n`);

const walk = new Walk();
const clear = () => shell.run('docker compose --profile example down --volumes --remove-orphans --timeout 5');
await clear();
try {
  await localSteps(walk, shell, folder, within);
  // Without what was added meanwhile.
  copyOfRepository();
  await productionSteps(walk, shell, folder, PROJECT);
  await walk.step('every command that the files show was typed', async () => {
    deepEqual(
      shownCommands().filter((line) => !shell.lines.has(line)),
      [],
    );
  });
} finally {
  await clear();
}
process.stdout.write(
  walk.failed.length === 0 ? `passed: ${walk.count} steps\n` : `FAILED: ${walk.failed.length} of ${walk.count} steps\n`,
);
process.exit(walk.failed.length === 0 ? 0 : 1);
