import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiNames, apis } from '../../../local/apis.ts';
import type { Program } from '../../../local/process.ts';
import { until } from '../../../local/until.ts';
import type { Status } from '../../../src/admin/status.ts';
import { shortHash } from '../../../src/integrations/short-hash.ts';
import { proxyLine, THIS_MACHINE } from '../../../src/vendors/proxy-line.ts';
import { send } from '../../e2e/support/send.ts';
import { type LoadResult, openLoop } from '../../support/open-loop.ts';
import { serviceOf } from '../support/compose-file.ts';
import { envoyFile, local } from '../support/files.ts';
import { containersOf, healthy } from './containers.ts';
import type { Shell, Typed } from './shell.ts';
import type { Walk } from './walk.ts';

const FILES = 'docker compose -f docker-compose.yml -f docker-compose.local.yml';
const SERVICES = Object.keys(local.services).filter((name) => serviceOf(local, name).profiles === undefined);
const ENVOY_PORT = Number(THIS_MACHINE.split(':')[1]);
const ADMIN = 'http://127.0.0.1:9464';
/** How many requests a second are sent while something is restarted. */
const RATE = 50;

/** A guard against what hangs, no measure. */
const PATIENT = { timeoutMs: 300_000, everyMs: 100 };

/** How the builder tells of its steps, on either output. */
const BUILD = /load build definition|\[\w+ internal\]|naming to |building with|^#\d+ /m;

/** Walks through everything with an emulator in the place of AWS. */
export async function localSteps(walk: Walk, first: Shell, folder: string, within: number): Promise<void> {
  let up: Program | undefined;
  const isUp = await walk.step('docker compose up builds, and has each service healthy', async () => {
    up = await first.start(`${FILES} up --build`);
    await healthy(first.with({ COMPOSE_FILE: 'docker-compose.yml:docker-compose.local.yml' }), ...SERVICES);
  });
  if (!isUp) return;
  const shell = first.with({ COMPOSE_FILE: 'docker-compose.yml:docker-compose.local.yml' });
  // As the file says; the variable above is what it sets.
  await shell.type('export COMPOSE_FILE=docker-compose.yml:docker-compose.local.yml');
  const keys = new Set<string>();
  const envoyYaml = join(folder, 'envoy', 'envoy.yaml');

  await walk.step('a request without a key is answered, from this machine', async () => {
    const { stdout } = await shell.type('curl http://stripe.int.localhost:8080/v1/customers');
    match(stdout, /"ok":true,"host":"api\.stripe\.com"/);
  });

  await walk.step('a program in a container is answered, and no build is printed', async () => {
    const typed = await shell.type('docker compose run --rm example');
    match(typed.stdout, /^200 \{"ok":true,"host":"api\.stripe\.com".*\}$/);
    printsNoBuild(typed);
  });

  await walk.step('a shell of this machine finds every name', async () => {
    const { stdout } = await shell.type(proxyLine(THIS_MACHINE), 'curl --silent http://openai.int/v1/models');
    match(stdout, /"host":"api\.openai\.com"/);
  });

  await walk.step('callers are told what they may use', async () => {
    const { stdout } = await shell.type('curl http://attache.int.localhost:8080');
    deepEqual(
      JSON.parse(stdout)
        .integrations.map(({ name }: { name: string }) => name)
        .toSorted(),
      [...apiNames].toSorted(),
    );
  });

  await walk.step('the status is shown, in the shell and as a page', async () => {
    const typed = await shell.type('docker compose exec attache node dist/main.js status');
    match(typed.stdout, /^Attaché .* ready/);
    for (const name of apiNames) match(typed.stdout, new RegExp(`^${apis[name].secret} +fresh`, 'm'));
    printsNoBuild(typed);
    match(await (await fetch(ADMIN)).text(), /<html/);
  });

  await walk.step('check runs, and no build is printed', async () => {
    const typed = await shell.type('docker compose run --rm --no-deps attache check');
    match(typed.stdout, /^\/etc\/envoy\/envoy\.yaml: 0 errors, 0 warnings$/);
    printsNoBuild(typed);
  });

  await walk.step('a program of another project joins the network, and is answered', async () => {
    const other = join(folder, 'other');
    mkdirSync(other, { recursive: true });
    const example = serviceOf(local, 'example');
    const [project] =
      (await shell.ask('docker compose config --format json | head -2')).match(/(?<="name": ")[^"]+/) ?? [];
    const services = {
      program: {
        image: example.image,
        command: example.command,
        environment: Object.fromEntries(example.environment),
        networks: ['programs'],
      },
    };
    const networks = { programs: { external: true, name: `${project}_programs` } };
    writeFileSync(join(other, 'compose.yml'), JSON.stringify({ name: `${project}-other`, services, networks }));
    const { stdout } = await shell
      .with({ COMPOSE_FILE: 'compose.yml', COMPOSE_PROJECT_NAME: `${project}-other` }, other)
      .type('docker compose run --rm program');
    match(stdout, /^200 /);
  });

  await walk.step(
    'an integration that is added on this machine is used by a program that runs already, by its name',
    async () => {
      const container = await shell.ask(
        `docker compose run --detach example node --eval "${asking('http://added.int/v1/customers')}"`,
      );
      try {
        const answers = async () => (await shell.type(`docker logs ${container}`)).stdout.trim().split('\n');
        await until(async () => (await answers()).some((line) => line.endsWith(' 404')), {
          failure: 'the program did not ask',
          ...PATIENT,
        });
        const { stdout } = await shell.type(
          `npm run attache -- add added --target https://${apis.stripe.host} --secret ${apis.stripe.secret} --basic '{{ api_key }}:'`,
        );
        match(stdout, /in use, and in the Envoy that gets its routes there/);
        const written = statSync(envoyYaml).mtimeMs;
        const took = await until(
          async () => {
            const answered = (await answers()).find((line) => line.endsWith(' 200'));
            return answered === undefined ? undefined : Number(answered.split(' ')[0]) - written;
          },
          { failure: 'the program got no answer by the new name', ...PATIENT },
        );
        ok(
          took <= within * 1_000,
          `it took ${Math.round(took)} ms from the edit to the first answer; ${within} s are what is promised`,
        );
        return `${Math.round(took)} ms from the edit to the first answer`;
      } finally {
        await shell.type(`docker rm --force ${container}`);
      }
    },
  );

  await walk.step('an integration is added where there is no Node but in a container', async () => {
    await shell.type(
      'docker compose run --rm --no-deps --user "$(id -u)" --volume "$PWD/envoy:/edit" attache add resend --secret prod/resend --file /edit/envoy.yaml',
    );
    await takenOver(envoyYaml);
    // Its secret is not there, which the exit code says.
    const { stdout } = await shell.run('docker compose exec attache node dist/main.js status');
    match(stdout, /^resend +api\.resend\.com +prod\/resend/m);
  });

  await walk.step('edits are seen, in place and by a file that is put in the place of the other one', async () => {
    appendFileSync(envoyYaml, '# edited in place\n');
    await takenOver(envoyYaml);
    writeFileSync(`${envoyYaml}.new`, `${readFileSync(envoyYaml, 'utf8')}# edited by another file\n`);
    renameSync(`${envoyYaml}.new`, envoyYaml);
    await takenOver(envoyYaml);
  });

  await walk.step('an edit with a mistake changes nothing, and is told with its line', async () => {
    const text = readFileSync(envoyYaml, 'utf8');
    writeFileSync(envoyYaml, text.replace('secret: prod/openai', 'sceret: prod/openai'));
    const [problem = ''] = await until(
      async () => {
        const { problems } = (await status()).config;
        return problems.length > 0 && problems;
      },
      { failure: 'no problem was told of', ...PATIENT },
    );
    match(problem, /envoy\.yaml:\d+:\d+: error: integration openai names no secret/);
    equal((await request('openai')).status, 200);
    writeFileSync(envoyYaml, text);
    await until(async () => (await status()).config.problems.length === 0, {
      failure: 'the mended file was not taken over',
      ...PATIENT,
    });
  });

  await walk.step('a rotation of all keys is noticed by nobody', async () => {
    for (const key of await currentKeys(shell)) keys.add(key);
    // It makes up new keys when it starts, and puts them into the emulator.
    await shell.type('docker compose restart upstream');
    await healthy(shell, 'upstream');
    const now = await currentKeys(shell);
    for (const [index, name] of apiNames.entries()) {
      equal((await request(name)).status, 200, name);
      ok(!keys.has(now[index] ?? ''), `${name} has the key that it had before`);
    }
    for (const key of now) keys.add(key);
  });

  await walk.step(
    'nothing runs as root, may become it, writes its file system or the configuration, or leaves a core file',
    async () => {
      const looks =
        'id -u; id -G; grep CapBnd /proc/1/status; grep NoNewPrivs /proc/1/status; ulimit -c; touch /x /etc/envoy/x 2>&1 || true';
      for (const [name, ids] of [
        ['attache', /^11000\n11000\n/],
        ['envoy', /^101\n101 11000\n/],
      ] as const) {
        const { stdout } = await shell.type(`docker compose exec -T ${name} bash -c '${looks}'`);
        match(stdout, ids, name);
        match(
          stdout,
          /CapBnd:\s+0+\nNoNewPrivs:\s+1\n0\n.*'\/x': Read-only file system\n.*'\/etc\/envoy\/x': Read-only file system$/,
          name,
        );
      }
      const { stdout } = await shell.run(`docker compose exec -T envoy bash -c 'rm -f ${envoyFile.sockets[0]} 2>&1'`);
      match(stdout, /Read-only file system|Permission denied/);
    },
  );

  await walk.step(
    'a restart of Attaché refuses requests while it lasts, and no request is answered otherwise',
    async () => {
      const load = await underLoad(() => shell.type('docker compose restart attache'));
      deepEqual(
        Object.keys(load.statuses).filter((it) => it !== '200' && it !== '503'),
        [],
      );
      equal((await request('stripe')).status, 200);
      const { ID: envoy } = (await containersOf(shell)).get('envoy') ?? {};
      equal(
        (await shell.type(`docker inspect --format '{{.RestartCount}}' ${envoy}`)).stdout,
        '0',
        'Envoy was restarted',
      );
      return `${load.statuses['503'] ?? 0} of ${load.count} requests got 503 meanwhile`;
    },
  );

  await walk.step(
    'a second up after an edit replaces what was edited and what depends on it, and nothing else',
    async () => {
      const before = await containersOf(shell);
      const two = shell.with({ ATTACHE_WORKERS: '2' });
      const typed = await two.type('docker compose up --detach');
      printsNoBuild(typed);
      await healthy(two, 'attache');
      const after = await containersOf(two);
      const replaced = SERVICES.filter((name) => before.get(name)?.ID !== after.get(name)?.ID);
      // What depends on Attaché, Docker Compose may make anew as well.
      deepEqual(
        replaced.filter((name) => name !== 'envoy'),
        ['attache'],
      );
      equal((await status()).workers.length, 2);
      equal((await request('stripe')).status, 200);
    },
  );

  await walk.step('two workers that are replaced one after the other lose no request', async () => {
    const pids = async () => (await status()).workers.map(({ pid }) => pid);
    const before = await pids();
    const load = await underLoad(async () => {
      await shell.type('docker compose kill --signal HUP attache');
      await until(async () => (await pids()).every((pid) => pid !== undefined && !before.includes(pid)), {
        failure: 'the workers were not replaced',
        ...PATIENT,
      });
      await until(async () => (await status()).workers.every(({ ready }) => ready), {
        failure: 'not all were ready',
        ...PATIENT,
      });
    });
    deepEqual(load.statuses, { 200: load.count });
    return `${load.count} requests`;
  });

  await walk.step(
    'an Envoy that starts before Attaché refuses connections, and needs nothing but Attaché',
    async () => {
      await shell.type('docker compose stop attache');
      await shell.type('docker compose restart envoy');
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const answered = await request('stripe').then(
          ({ status: it }) => it,
          () => undefined,
        );
        equal(answered, undefined);
      }
      notEqual((await containersOf(shell)).get('envoy')?.Health, 'healthy');
      await shell.type('docker compose start attache');
      await until(async () => (await request('stripe')).status === 200, {
        failure: 'Envoy did not answer',
        ...PATIENT,
      });
      await healthy(shell, 'envoy', 'attache');
    },
  );

  await walk.step('an image is built anew with --build, and not without', async () => {
    const idOf = async () => (await containersOf(shell)).get('attache')?.ID;
    const before = await idOf();
    appendFileSync(join(folder, 'LICENSE'), '\n');
    printsNoBuild(await shell.with({ ATTACHE_WORKERS: '2' }).type('docker compose up --detach'));
    equal(await idOf(), before);
    await shell.with({ ATTACHE_WORKERS: '2' }).type('docker compose up --detach --build');
    notEqual(await idOf(), before);
    await healthy(shell, 'attache');
    await until(async () => (await request('stripe')).status === 200, { failure: 'Envoy did not answer', ...PATIENT });
  });

  await walk.step('no key is in anything that was printed, logged or can be inspected', async () => {
    ok(keys.size >= 2 * apiNames.length, 'the keys before and after the rotation are not known');
    const logs = await shell.type('docker compose logs --no-color');
    match(logs.stdout, /"integration":"stripe"/);
    await shell.type('docker inspect $(docker compose ps --all --quiet)');
    await shell.type('docker image inspect $(docker compose config --images)');
    await shell.type('docker history --no-trunc $(docker compose images --quiet attache)');
    const printed = shell.outputs.join('\n');
    for (const key of keys) {
      for (const form of [key, `${key}:`].flatMap((it) => [it, Buffer.from(it).toString('base64').replace(/=+$/, '')]))
        ok(!printed.includes(form), 'a key was printed, logged or can be inspected');
    }
    return `${keys.size} keys, ${Math.round(printed.length / 1_024)} KiB`;
  });

  await walk.step('Ctrl-C ends everything in order, well and without being killed', async () => {
    up?.signal('SIGINT');
    await up?.exited;
    await shell.type('docker compose stop');
    const codes = [...(await containersOf(shell)).values()].map(({ Service, ExitCode }) => [Service, ExitCode]);
    deepEqual(Object.fromEntries(codes), Object.fromEntries(SERVICES.map((name) => [name, 0])));
  });

  await walk.step('down --volumes leaves nothing behind', async () => {
    await shell.type('docker compose down --volumes');
    const [project] = [
      ...(await shell.ask('docker compose config --format json | head -2')).matchAll(/(?<="name": ")[^"]+/g),
    ].flat();
    for (const what of ['ps --all', 'network ls', 'volume ls'])
      equal(
        (await shell.type(`docker ${what} --quiet --filter label=com.docker.compose.project=${project}`)).stdout,
        '',
        what,
      );
  });
}

/** A program that asks ten times a second, and prints the time and the status. */
function asking(url: string): string {
  return `setInterval(() => fetch('${url}').then(async ({ status }) => console.log(Date.now(), status), () => {}), 100)`;
}

function printsNoBuild({ stdout, stderr }: Typed): void {
  const [line] = `${stdout}\n${stderr}`.match(BUILD) ?? [];
  equal(line, undefined, 'a build was printed');
}

async function status(): Promise<Status> {
  return (await (await fetch(`${ADMIN}/api/status`)).json()) as Status;
}

/** Waits until every worker answers by the file as it is. */
async function takenOver(file: string): Promise<void> {
  const version = shortHash(readFileSync(file));
  await until(async () => (await status()).workers.every(({ configuration }) => configuration === version), {
    failure: 'the edit was not taken over',
    ...PATIENT,
  });
}

function request(name: keyof typeof apis): ReturnType<typeof send> {
  return send(ENVOY_PORT, { host: `${name}.int.localhost`, path: apis[name].example });
}

/** Sends requests steadily from before it begins until a second after it has ended. */
async function underLoad(does: () => Promise<unknown>): Promise<LoadResult> {
  const over = new AbortController();
  const load = openLoop({ rate: RATE, until: over.signal }, async () => (await request('stripe')).status);
  try {
    await does();
    await healthyAgain();
  } finally {
    over.abort();
  }
  return load;
}

async function healthyAgain(): Promise<void> {
  await until(async () => (await request('stripe')).status === 200, {
    failure: 'no request was answered any more',
    ...PATIENT,
  });
}

/** The keys that the emulator holds, in the order of the APIs. */
async function currentKeys(shell: Shell): Promise<string[]> {
  const script = [
    `import { SecretsManager } from '@aws-sdk/client-secrets-manager'`,
    'const aws = new SecretsManager()',
    `for (const id of ${JSON.stringify(apiNames.map((name) => apis[name].secret))}) console.log((await aws.getSecretValue({ SecretId: id })).SecretString)`,
  ].join('; ');
  const printed = await shell.ask(
    `docker compose exec -T attache node --input-type=module --eval "$(cat <<'END'\n${script}\nEND\n)"`,
  );
  return printed.split('\n').map((value) => (value.startsWith('{') ? JSON.parse(value).api_key : value));
}
