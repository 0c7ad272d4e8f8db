import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, localAws, startAws } from '../../local/aws.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Status } from '../../src/admin/status.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';
import type { Fault } from '../support/scripted-secrets-manager/fault.ts';
import type { AwsCall } from '../support/scripted-secrets-manager/faulty-server.ts';
import { steadyRequests } from '../support/steady-requests.ts';
import { isAlive } from '../workers/support/serve.ts';
import { type AwsFront, startAwsFront } from './support/aws-front.ts';
import { ignoreRepeatedWrites } from './support/repeated-writes.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';
import { REFUSAL, TOKEN_HOST, takeTokens } from './support/token-upstream.ts';

/** Each integration has a grant, a secret and a resource of its own. */
const names = ['shared', 'soon', 'failing', 'ending', 'killed', 'orphaned', 'cut', 'unstored'] as const;
type Name = (typeof names)[number];
const secretOf = (name: Name) => `write-back/${name}`;
const resource = (name: Name) => `https://${name}.example.test/`;

/** How long each write of a new refresh token takes at least, in ms. */
const WRITE_TAKES = 300;

let as: AuthorizationServer;
let aws: LocalAws;
let front: AwsFront;
let stacks: Stack[];
const closing = new AsyncDisposableStack();
/** What becomes of a write of a new refresh token; undefined lets it through, late. */
let writeFault: ((call: AwsCall) => Fault | undefined) | undefined;

/** The writes of new values by Attaché, oldest first; other writes bear labels of the lease alone. */
const writes = (name: Name) => front.calls.entries.filter((call) => isWrite(call) && call.secret === secretOf(name));
const isWrite = ({ operation, body }: AwsCall) => operation === 'PutSecretValue' && body.VersionStages === undefined;
const answers = (name: Name) => as.answers.entries.filter(({ request }) => request.resources.includes(resource(name)));

async function stored(name: Name): Promise<Record<string, string>> {
  const { SecretString } = await aws.client.send(new GetSecretValueCommand({ SecretId: secretOf(name) }));
  return JSON.parse(SecretString ?? '');
}

async function leaseIsFree(name: Name): Promise<boolean> {
  const { VersionIdsToStages } = await aws.client.send(new DescribeSecretCommand({ SecretId: secretOf(name) }));
  return Object.values(VersionIdsToStages ?? {}).every(
    (labels) => !(labels.includes('AWSCURRENT') && labels.includes('attache-lease')),
  );
}

const isUnstored = (line: string, name: Name) =>
  line.includes('cannot be written back') && line.includes(secretOf(name));

/** Comes back when the server has replaced the refresh token, and the new one cannot be stored: with the process that tries. */
async function answeredAndNotStored(stack: Stack, name: Name): Promise<number> {
  writeFault = ({ secret }) => (secret === secretOf(name) ? { error: 'InternalServiceError', status: 500 } : undefined);
  // On a busy machine the first may be refused before anything has begun for it.
  const ask = () => void send(stack.port, { host: `${name}.int` }).catch(() => undefined);
  ask();
  const asking = setInterval(ask, 1_000);
  const line = await stack.attache.log
    .find((it) => isUnstored(it, name), 'the failure')
    .finally(() => clearInterval(asking));
  return (JSON.parse(line) as { pid: number }).pid;
}

async function isStored(name: Name): Promise<void> {
  await expect
    .poll(async () => (await stored(name)).refresh_token === answers(name).at(-1)?.body.refresh_token)
    .toBe(true);
}

async function workersOf({ attache }: Stack): Promise<number[]> {
  const { workers } = (await (await attache.admin('/api/status')).json()) as Status;
  return workers.flatMap(({ pid }) => pid ?? []);
}

async function statusOf(stack: Stack | undefined, name: Name): Promise<number> {
  return (await send(stack?.port ?? 0, { host: `${name}.int` })).status;
}

/** What is stored serves requests, and can be renewed. */
async function servesAndRenews(stack: Stack, name: Name): Promise<void> {
  await expect.poll(() => statusOf(stack, name)).toBe(200);
  expect(answers(name)).toHaveLength(1);
  const { access_token: _, access_token_expires_at: __, ...edited } = await stored(name);
  await aws.put(secretOf(name), JSON.stringify(edited));
  await expect
    .poll(async () => {
      await statusOf(stack, name);
      return answers(name).length;
    })
    .toBe(2);
  await isStored(name);
  await expectOneChain(name);
}

/** No refresh token was used twice: the server would have ended the grant. */
async function expectOneChain(name: Name): Promise<void> {
  const all = answers(name);
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
  for (const [index, { request }] of all.entries())
    if (index > 0) expect(request.refreshToken).toBe(all[index - 1]?.body.refresh_token);
  expect((await stored(name)).refresh_token).toBe(all.at(-1)?.body.refresh_token);
}

beforeAll(async () => {
  as = closing.use(
    await startAuthorizationServer({
      rotateRefreshTokens: true,
      resources: Object.fromEntries(names.map((name) => [resource(name), {}])),
    }),
  );
  aws = closing.use(await startAws());
  front = closing.use(await startAwsFront(aws.endpoint));
  const repeated = ignoreRepeatedWrites();
  front.disturb((call) => {
    if (!isWrite(call)) return repeated(call);
    return writeFault?.(call) ?? repeated(call) ?? { delayMs: WRITE_TAKES };
  });
  const { id, secret } = as.clients.basic;
  for (const name of names) {
    const refreshToken = await as.issueRefreshToken('basic', { resource: resource(name) });
    const value = { client_id: id, client_secret: secret, refresh_token: refreshToken, note: 'kept' };
    await aws.put(secretOf(name), JSON.stringify(value));
  }
  const start = async (workers: number) => {
    const stack = await startStack({
      aws: localAws(front.endpoint),
      workers,
      attache: { env: { ATTACHE_REFRESH_AFTER: '5s', ATTACHE_FETCH_DEADLINE: '10s' } },
      upstream: { hosts: { [TOKEN_HOST]: () => undefined } },
      edit: (document) =>
        addRoutes(
          document,
          ...names.map((name) => ({
            name,
            host: TOKEN_HOST,
            attache: {
              integration: name,
              secret: secretOf(name),
              oauth2: {
                grant: 'refresh_token',
                token_url: as.tokenUrl,
                resource: resource(name),
                ...(name === 'unstored' ? {} : { write_back: true }),
              },
            },
          })),
        ),
    });
    closing.use(stack);
    takeTokens(stack, async (token) => (await as.activeToken(token)) !== undefined);
    return stack;
  };
  stacks = await Promise.all([start(1), start(1), start(2)]);
});
afterAll(() => closing.disposeAsync());

/** The requests of a stack with the access token that was stored by this write. */
function usesOf(stack: Stack, write: number) {
  const { SecretString } = writes('shared')[write]?.body ?? {};
  const { access_token: token } = JSON.parse(String(SecretString)) as { access_token: string };
  return stack.upstream.requests.entries.filter(({ headers }) => headers.authorization === `Bearer ${token}`);
}

/** Waits until each stack has used the access token that was stored by this write. */
async function usedBy(all: readonly Stack[], write: number): Promise<void> {
  await expect.poll(() => all.filter((stack) => usesOf(stack, write).length === 0)).toEqual([]);
}

describe('a refresh token that is replaced with each use', () => {
  it('serves several processes, is never used twice, and is stored before its access token is used', async () => {
    const loads = stacks.map((stack) => steadyRequests(stack.port, 'shared.int', 20));
    await expect.poll(() => writes('shared').length).toBe(1);
    await usedBy(stacks, 0);
    // Who comes before there is a token, in each worker, may wait longer than a request can, on a busy machine.
    const isSteady = ({ seen }: (typeof loads)[number]) =>
      seen.entries.length >= 20 && seen.entries.slice(-20).every(({ status }) => status === 200);
    await expect.poll(() => loads.every(isSteady)).toBe(true);
    const editedAt = Date.now();
    // Somebody edits the secret: there is no access token in it, so the refresh token must be used again.
    const { access_token: _, access_token_expires_at: __, ...edited } = await stored('shared');
    await aws.put(secretOf('shared'), JSON.stringify(edited));
    await expect.poll(() => writes('shared').length).toBe(2);
    await usedBy(stacks, 1);
    await Promise.all(loads.map((load) => load.stop()));

    for (const { failed } of loads) expect(failed(editedAt, Number.POSITIVE_INFINITY)).toEqual([]);
    expect(answers('shared')).toHaveLength(2);
    expect(writes('shared')).toHaveLength(2);
    await expectOneChain('shared');
    expect(await stored('shared')).toMatchObject({ client_id: as.clients.basic.id, note: 'kept' });
    expect(await leaseIsFree('shared')).toBe(true);

    for (const [index, { at }] of writes('shared').entries()) {
      for (const stack of stacks) {
        for (const use of usesOf(stack, index))
          expect(use.at.getTime() - at.getTime()).toBeGreaterThanOrEqual(WRITE_TAKES);
      }
    }
    const workers = stacks[2]?.attache.log.entries.filter(
      (line) => line.includes('token got') && line.includes('shared'),
    );
    for (const worker of [0, 1]) expect(workers?.filter((line) => line.includes(`"worker":${worker}`))).not.toEqual([]);
  });

  it("is written once in ten minutes: the destination's own 401 is passed on meanwhile", async () => {
    const [stack] = stacks;
    const port = stack?.port ?? 0;
    await expect.poll(() => statusOf(stack, 'soon')).toBe(200);
    const rotated = (line: string) => line.includes('secret rotated') && line.includes(secretOf('soon'));
    await stack?.attache.log.find(rotated, 'the new version');
    await as.revoke((await stored('soon')).access_token ?? '');

    const replies = [];
    for (let count = 0; count < 5; count += 1) replies.push(await send(port, { host: 'soon.int' }));

    expect(replies.map((reply) => [reply.status, reply.json()])).toEqual(replies.map(() => [401, REFUSAL]));
    expect(writes('soon')).toHaveLength(1);
    expect(answers('soon')).toHaveLength(1);
    await stack?.attache.log.find((line) => line.includes('written_too_often'), 'the reason');
    await expectOneChain('soon');
  });

  it('is not lost when storing it fails for a while', async () => {
    writeFault = ({ secret }) =>
      secret === secretOf('failing') ? { error: 'InternalServiceError', status: 500 } : undefined;
    const [stack] = stacks;
    const port = stack?.port ?? 0;

    const refused = await send(port, { host: 'failing.int' });
    expect([refused.status, refused.headers['x-attache-error']]).toEqual([503, 'token_unavailable']);
    await stack?.attache.log.find((line) => isUnstored(line, 'failing'), 'the failure');
    writeFault = undefined;
    await expect.poll(() => statusOf(stack, 'failing'), { interval: 200 }).toBe(200);

    expect(answers('failing')).toHaveLength(1);
    expect(new Set(writes('failing').map(({ body }) => body.ClientRequestToken)).size).toBe(1);
    await expectOneChain('failing');
    expect(await leaseIsFree('failing')).toBe(true);
  });

  it('is stored by a process that is told to end while it is got', async () => {
    const stack = stacks[1];
    if (stack === undefined) throw new Error('no stack');
    as.disturb(({ resources }) => (resources.includes(resource('ending')) ? { delayMs: 1_500 } : undefined));
    const reply = send(stack.port, { host: 'ending.int' });
    await as.requests.find(({ resources }) => resources.includes(resource('ending')));

    await Promise.all([reply, stack.attache.stop()]);
    as.disturb(undefined);

    expect(answers('ending')).toHaveLength(1);
    await expectOneChain('ending');
    await stack.startAttache();
    await expect.poll(() => statusOf(stack, 'ending')).toBe(200);
    expect(answers('ending')).toHaveLength(1);
  });

  it('is stored when its worker is killed between the answer and the write', async () => {
    const stack = stacks[2];
    if (stack === undefined) throw new Error('no stack');
    const before = await workersOf(stack);
    await answeredAndNotStored(stack, 'killed');

    for (const pid of before) process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await workersOf(stack)).some((pid) => before.includes(pid))).toBe(false);
    expect((await stored('killed')).access_token).toBeUndefined();
    writeFault = undefined;

    await isStored('killed');
    await servesAndRenews(stack, 'killed');
  });

  it('is stored when everything but the process that renews it is killed then', async () => {
    const stack = stacks[1];
    if (stack === undefined) throw new Error('no stack');
    await answeredAndNotStored(stack, 'orphaned');

    stack.attache.signal('SIGKILL');
    await expect.poll(() => isAlive(stack.attache.pid)).toBe(false);
    writeFault = undefined;

    await isStored('orphaned');
    // What has stored it holds the log no longer.
    await stack.attache.exited;
    await stack.startAttache();
    await servesAndRenews(stack, 'orphaned');
  });

  it('is stored when the process that renews it is killed then', async () => {
    const [stack] = stacks;
    if (stack === undefined) throw new Error('no stack');
    const renewer = await answeredAndNotStored(stack, 'cut');

    process.kill(renewer, 'SIGKILL');
    await expect.poll(() => isAlive(renewer)).toBe(false);
    writeFault = undefined;

    await isStored('cut');
    await servesAndRenews(stack, 'cut');
  });

  it('is a loud error where it may not be stored', async () => {
    const [stack] = stacks;
    const reply = await send(stack?.port ?? 0, { host: 'unstored.int' });

    expect([reply.status, reply.headers['x-attache-error']]).toEqual([502, 'token_refused']);
    expect(reply.json()).toMatchObject({ error: { message: expect.stringContaining('write write_back: true') } });
    await stack?.envoy.accessLog.find(({ attache }) => attache?.reason === 'refresh_token_rotated', 'the reason');
    const said = await stack?.attache.log.find((line) => line.includes('refresh_token_rotated'), 'the error');
    expect(JSON.parse(said ?? '{}')).toMatchObject({ level: 'error', secret: secretOf('unstored') });
    expect((await send(stack?.port ?? 0, { host: 'unstored.int' })).status).toBe(502);
    expect(answers('unstored')).toHaveLength(1);
    expect(writes('unstored')).toEqual([]);
  });
});
