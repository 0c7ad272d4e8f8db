import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAccessLog } from '../../local/access-log.ts';
import { apiNames, apis } from '../../local/apis.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { type Program, startProgram } from '../../local/process.ts';
import { defaultEnvoy, findEnvoy, findMinistack } from '../../local/tools.ts';
import { until } from '../../local/until.ts';
import { type Compose, serviceOf } from './support/compose-file.ts';
import type { Container, Identity } from './support/container.ts';
import { dockerfile, envoyFile, local, production, repository } from './support/files.ts';
import { baseImage, createBuilder, type Image } from './support/image.ts';
import { type Machine, startMachine } from './support/machine.ts';
import { createProject, type Ended, ended, type Project } from './support/project.ts';

let machine: Machine;
let images: Record<string, Image>;
let project: Project;
let attache: Container;
let envoy: Container;
const others: { stop(graceMs: number): Promise<unknown> }[] = [];

beforeAll(async () => {
  // The version that the Compose file runs, and a binary: an envoy on the PATH may be a script that needs more than itself.
  const [envoyTool, ministack] = await Promise.all([findEnvoy({ version: defaultEnvoy }), findMinistack()]);
  machine = await startMachine(local.volumes);
  expect(serviceOf(local, 'ministack').image).toBe(`ministackorg/ministack:${ministack.version}`);
  others.push(await startMinistack(ministack.command, ministack.args));
  const { build } = createBuilder(machine, dockerfile);
  images = {
    attache: await build('attache'),
    upstream: await build('local'),
    envoy: await baseImage(machine, 'envoy', 'envoy', envoyTool.binary),
    example: await baseImage(machine, 'example', 'node', process.execPath),
  };
  project = projectOf(local, { running: ['ministack'] });
  // As Docker Compose does: Envoy after Attaché after the upstream, each when the one before is healthy.
  envoy = await project.up('envoy');
  attache = await project.up('attache');
});

afterAll(async () => {
  await project?.down();
  await Promise.all(others.map((program) => program.stop(0)));
  await machine?.[Symbol.asyncDispose]();
});

test('a program without a key is answered by an API that wants one', async () => {
  const answered = await project.runOnce('example');
  expect(answered).toMatchObject({ code: 0, stdout: expect.stringMatching(/^200 .*api\.stripe\.com/) });
  const upstream = await project.up('upstream');
  expect(upstream.program.stdout.entries.at(-1)).toMatch(/api\.stripe\.com GET \/v1\/customers 200$/);
});

test('each API gets the key that Secrets Manager holds, in place of what the program sent', async () => {
  for (const name of apiNames) {
    const answer = await ask(`http://${name}.int${apis[name].example}`, { authorization: 'Bearer bogus' });
    expect(answer.stdout, name).toMatch(/^200 /);
  }
});

test('a program finds Envoy for every name, those that no resolver knows too', async () => {
  const answer = await ask('http://added-later.int/v1/things');
  expect(answer.stdout).toMatch(/^404 .*"unknown_host".*No route of Envoy is for this host, added-later\.int/);
  const request = `http.get('http://stripe.int/v1/customers', (answer) => { console.log(answer.statusCode); answer.resume(); })`;
  expect((await project.runOnce('example', 'node', '--eval', request)).stdout).toBe('200');
});

test("Envoy's output is the audit record", async () => {
  await ask('http://openai.int/v1/audited');
  const line = await envoy.program.stdout.find((entry) => entry.includes('/v1/audited'), 'the line of /v1/audited');
  expect(parseAccessLog(line)).toMatchObject({
    host: 'api.openai.com',
    status: 200,
    attache: { integration: 'openai', secret: 'prod/openai' },
  });
});

test('the healthcheck of Attaché passes while it is ready, and fails when nobody answers', async () => {
  const check = project.healthcheck('attache');
  expect((await ended(await attache.exec(check))).code).toBe(0);
  expect((await ended(await attache.exec(['env', 'ATTACHE_ADMIN=127.0.0.1:1', ...check]))).code).toBe(1);
});

test('the user of Envoy opens the socket of Attaché by its group, and nobody else does', async () => {
  const { user = '', group_add: groups = [] } = serviceOf(local, 'envoy');
  expect((await connect(attache, { user, groups })).stdout).toBe('connected');
  expect((await connect(attache, { user, groups: [] })).stdout).toBe('EACCES');
  expect((await connect(attache, { user: '12345:12345', groups: ['101'] })).stdout).toBe('EACCES');
});

test('Envoy cannot replace the socket of Attaché', async () => {
  const [socket = ''] = envoyFile.sockets;
  const removed = await ended(await envoy.exec(['rm', '-f', socket]));
  expect(removed).toMatchObject({ code: 1, stderr: expect.stringMatching(/Read-only|denied/) });
});

test('the commands that the Compose file shows work', async () => {
  const status = await ended(await attache.exec(['node', 'dist/main.js', 'status']));
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('prod/stripe') });
  expect(await project.runOnce('attache', 'check')).toMatchObject({ code: 0 });
});

test("the user's AWS variables reach Attaché", async () => {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = Object.fromEntries(
    serviceOf(local, 'attache').environment,
  );
  const shell = { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' };
  expect(await projectOf(production, { running: [], shell }).runOnce('attache', 'check', '--aws')).toMatchObject({
    code: 0,
  });
});

test('without a Region Attaché ends and says what to set', async () => {
  const other = projectOf(withEnvironment(production, 'attache', secondAttache), { running: [] });
  expect(await other.runOnce('attache')).toMatchObject({ code: 1, stderr: expect.stringContaining('set AWS_REGION') });
});

test('on SIGTERM Attaché ends by itself, in the time that Compose leaves it', async () => {
  const other = projectOf(withEnvironment(local, 'attache', secondAttache), { running: ['upstream'] });
  const second = await other.up('attache');
  const exit = await second.stop(serviceOf(local, 'attache').stop_grace_period ?? 10);
  await other.down();
  expect(exit).toEqual({ code: 0, signal: null });
});

/** A second Attaché beside the first: all containers share one network here, and the volume. */
const secondAttache = { ATTACHE_ADMIN: '127.0.0.1:9465', ATTACHE_LISTEN: 'unix:/run/attache/second.sock' };

function projectOf(
  compose: Compose,
  options: { running: readonly string[]; shell?: Readonly<Record<string, string | undefined>> },
): Project {
  return createProject(machine, { compose, folder: repository, images, shell: {}, ...options });
}

function withEnvironment(compose: Compose, name: string, more: Readonly<Record<string, string>>): Compose {
  const service = serviceOf(compose, name);
  const environment = new Map([...service.environment, ...Object.entries(more)]);
  return { ...compose, services: { ...compose.services, [name]: { ...service, environment } } };
}

/** Sends a request as the example program does; its output is the status and the body. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const script = `fetch('${url}', ${JSON.stringify({ headers })}).then(async (answer) => console.log(answer.status, await answer.text()))`;
  return project.runOnce('example', 'node', '--eval', script);
}

/** Opens Attaché's socket from within its container; the output is "connected" or the error's code. */
async function connect(container: Container, as: Identity): Promise<Ended> {
  const script = `require('node:net').connect('${envoyFile.sockets[0]}')
    .on('connect', () => { console.log('connected'); process.exit(); })
    .on('error', (error) => console.log(error.code))`;
  return ended(await container.exec(['node', '--eval', script], as));
}

/** Its image is its maker's own, so it runs as a plain program; the variables are the Compose file's. */
async function startMinistack(command: string, args: readonly string[]): Promise<Program> {
  const { environment } = serviceOf(local, 'ministack');
  const variables = Object.fromEntries([...environment].map(([name, value]) => [name, value ?? '']));
  const [first = '', ...rest] = [...machine.enter, command, ...args];
  const program = await startProgram({
    name: 'ministack',
    command: first,
    args: rest,
    env: plainEnvironment(variables),
  });
  const [, interpreter, ...test] = serviceOf(local, 'ministack').healthcheck?.test ?? [];
  expect(interpreter).toBe('python');
  await until(() => machine.run([command, ...test]), { failure: 'ministack was not healthy', timeoutMs: 30_000 });
  return program;
}
