import { fork } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { Journal } from '../../local/journal.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { launcher } from '../../src/workers/launch.ts';
import { Supervisor, type SupervisorOptions } from '../../src/workers/supervisor.ts';
import type { Behaviour } from './support/worker.ts';

/** What the supervisor logs, as messages and their fields. */
type Entry = Record<string, unknown> & { readonly msg: string };

/** A machine that does other things as well starts a process in a second or two. */
const SOON = { timeout: 60_000 };

const NONE = { version: '1', size: 0, pages: [], warnings: [] };

let journal: string;
let log: Journal<Entry>;
let supervisor: Supervisor;

beforeEach(() => {
  journal = join(privateFolder(), 'journal');
  log = new Journal();
});
afterEach(() => supervisor.kill());

/** Two workers that behave as `behave` says at the time when they start. */
function supervise(behave: (worker: number) => Omit<Behaviour, 'journal'>, options: Partial<SupervisorOptions> = {}) {
  supervisor = new Supervisor({
    workers: 2,
    launch: () => fork(join(import.meta.dirname, 'support', 'worker.ts'), [], { execArgv: [] }),
    configuration: NONE,
    start: (worker) => ({
      kind: 'start',
      worker,
      settings: {},
      sealKey: '',
      configuration: { ...NONE, pages: [JSON.stringify({ journal, ...behave(worker) } satisfies Behaviour)] },
    }),
    onRejected: () => undefined,
    log: recorder(),
    ...options,
  });
  return supervisor.start();
}

function recorder(bindings: Record<string, unknown> = {}): Log {
  const add = (fields: Record<string, unknown> | string, msg = '') =>
    log.add(typeof fields === 'string' ? { msg: fields } : { ...bindings, ...fields, msg });
  const made = {
    info: add,
    warn: add,
    error: add,
    child: (more: Record<string, unknown>) => recorder({ ...bindings, ...more }),
  };
  return made as unknown as Log;
}

/** What the workers of a number did, with the process and the time. */
function deeds(worker?: number) {
  if (!existsSync(journal)) return [];
  return readFileSync(journal, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([who, what, pid, at]) => ({ who: Number(who), what: `${who} ${what}`, pid: Number(pid), at: Number(at) }))
    .filter(({ who }) => worker === undefined || who === worker);
}

const pids = async () => (await supervisor.overview()).workers.map(({ pid }) => pid);
const kill = async (worker: number) => process.kill((await pids())[worker] ?? Number.NaN, 'SIGKILL');

describe('a worker that ends', () => {
  test('is started again, after a wait that doubles', async () => {
    void supervise((worker) => ({ endsAtOnce: worker === 0 }), { waits: { first: 60, most: 240, forgiven: 10_000 } });

    await expect.poll(() => deeds(0).length, SOON).toBeGreaterThanOrEqual(5);

    const waits = log.entries
      .filter(({ msg, worker }) => msg === 'worker ended' && worker === 0)
      .map((it) => it.restartInMs);
    expect(waits.slice(0, 4)).toEqual([60, 120, 240, 240]);
    const starts = deeds(0).map(({ at }) => at);
    expect((starts[4] ?? 0) - (starts[3] ?? 0)).toBeGreaterThanOrEqual(235);
    expect(deeds(1)).toHaveLength(1);
  });

  test('leaves the others alone, and its counts in the sum', async () => {
    await supervise(() => ({}));
    const [before, other] = await pids();

    await kill(0);
    await expect.poll(async () => (await pids())[0] ?? before, SOON).not.toBe(before);
    await expect
      .poll(() => supervisor.overview().then(({ workers }) => workers.every(({ ready }) => ready)))
      .toBe(true);

    const overview = await supervisor.overview();
    expect(overview.workers[1]?.pid).toBe(other);
    expect(overview.workers.map(({ restarts }) => restarts)).toEqual([1, 0]);
    expect(overview.counts.requests).toEqual([{ integration: 'stripe', outcome: 'injected', count: 3 }]);
  });

  test('is followed by a process that was loaded before', async () => {
    await supervise(() => ({}));
    await expect.poll(() => supervisor.sparePid, SOON).toBeTypeOf('number');
    const spare = supervisor.sparePid;

    await kill(1);

    await expect.poll(() => deeds(1).at(-1)?.pid, SOON).toBe(spare);
  });
});

test('a worker that hangs is killed and started again', async () => {
  let started = 0;
  await supervise((worker) => ({ hangs: worker === 0 && started++ === 0 }), {
    watch: { pingEvery: 100, hungAfter: 12, silentAfter: 600 },
  });

  const entry = await log.find(({ msg }) => msg.includes('hung'));
  await expect.poll(() => deeds(0).length, SOON).toBe(2);

  expect(entry).toMatchObject({ worker: 0, signal: 'SIGKILL' });
  expect(deeds(1)).toHaveLength(1);
});

test('a worker that has not said anything yet is given time to load, and is killed and started again in the end', async () => {
  const silent = join(privateFolder(), 'silent.mjs');
  writeFileSync(silent, 'setInterval(() => undefined, 1_000)');
  let launched = 0;
  void supervise(() => ({}), {
    workers: 1,
    launch: () => {
      const program = launched++ === 0 ? silent : join(import.meta.dirname, 'support', 'worker.ts');
      return fork(program, [], { execArgv: [] });
    },
    watch: { pingEvery: 10, hungAfter: 10, silentAfter: 300 },
  });

  const entry = await log.find(({ msg }) => msg.includes('hung'));
  expect(entry).toMatchObject({ worker: 0, signal: 'SIGKILL' });
  expect(entry.livedMs).toBeGreaterThan(1_000);
  await expect.poll(() => deeds(0).length, SOON).toBeGreaterThan(0);
});

test('a worker that says that it cannot start ends the start, with its reason', async () => {
  const failure = await supervise((worker) => (worker === 1 ? { fails: 'cannot listen' } : {}));

  expect(failure).toEqual({ sentence: 'cannot listen', settings: false });
});

test('a worker that cannot start later is tried again', async () => {
  let started = 0;
  await supervise((worker) => (worker === 0 && ++started === 2 ? { fails: 'for now' } : {}));

  await kill(0);

  await expect.poll(() => deeds(0).length, SOON).toBe(3);
  expect(await log.find(({ msg }) => msg === 'worker cannot start')).toMatchObject({
    worker: 0,
    explanation: 'for now',
  });
});

describe('an end', () => {
  test('drains the workers one after the other', async () => {
    await supervise(() => ({ drainMs: 150 }), { workers: 3 });

    await supervisor.end();

    expect(
      deeds()
        .slice(3)
        .map(({ what }) => what),
    ).toEqual(['0 drains', '0 drained', '1 drains', '1 drained', '2 drains', '2 drained']);
    expect(supervisor.ready).toBe(false);
  });

  test('does not wait for a slow worker longer than its share, and kills it when the time is up', async () => {
    await supervise((worker) => ({ drainMs: worker === 0 ? 60_000 : 10 }), { limits: { end: 600 } });
    const began = performance.now();

    await supervisor.end();

    expect(performance.now() - began).toBeLessThan(20_000);
    expect(
      deeds()
        .slice(2)
        .map(({ what }) => what),
    ).toEqual(['0 drains', '1 drains', '1 drained']);
  });
});

describe('an end after which something is left behind', () => {
  const launch = launcher(pathToFileURL(join(import.meta.dirname, 'support', 'worker.ts')), { lifeline: 'pipe' });

  test('waits for that, whatever has become of the worker', async () => {
    await supervise((worker) => (worker === 0 ? { leavesBehindMs: 1_000 } : {}), { launch });

    await supervisor.end();

    expect(deeds(0).map(({ what }) => what)).toContain('0 left');
    expect(log.entries).not.toContainEqual(expect.objectContaining({ msg: expect.stringContaining('is stored') }));
  });

  test('waits no longer than it may, and says so', async () => {
    await supervise((worker) => (worker === 0 ? { leavesBehindMs: 5_000 } : {}), {
      launch,
      limits: { leftBehind: 10 },
    });

    await supervisor.end();

    expect(log.entries.at(-1)?.msg).toContain('ending before a refresh token is stored');
  });
});

describe('a rolling restart', () => {
  test('replaces one worker at a time, the next when the one before is ready', async () => {
    await supervise(() => ({ drainMs: 50 }));
    const before = await pids();

    await supervisor.roll();

    expect(
      deeds()
        .slice(2)
        .map(({ what }) => what),
    ).toEqual(['0 drains', '0 drained', '0 starts', '1 drains', '1 drained', '1 starts']);
    expect((await pids()).some((pid) => before.includes(pid))).toBe(false);
  });

  test('asked for again while it runs, is done once more', async () => {
    await supervise(() => ({}));

    void supervisor.roll();
    void supervisor.roll();

    await expect.poll(() => log.entries.filter(({ msg }) => msg === 'rolling restart: done').length, SOON).toBe(2);
    expect(deeds(0).filter(({ what }) => what === '0 starts')).toHaveLength(3);
  });

  test('waits for a worker that has just ended otherwise', async () => {
    await supervise(() => ({}), { waits: { first: 300, most: 300, forgiven: 10_000 } });
    await kill(1);
    await expect.poll(() => log.entries.some(({ msg }) => msg === 'worker ended'), SOON).toBe(true);

    await supervisor.roll();

    const order = deeds().map(({ what }) => what);
    expect(order.slice(2, 4)).toEqual(['1 starts', '0 drains']);
  });

  test('stops when another worker does not become ready: the one that is stays', async () => {
    void supervise((worker) => ({ endsAtOnce: worker === 1 }), { limits: { ready: 400 } });
    await expect.poll(async () => (await supervisor.overview()).workers[0]?.ready, SOON).toBe(true);

    await supervisor.roll();

    expect(log.entries.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('another worker is not ready'));
    expect(deeds(0)).toHaveLength(1);
  });

  test('stops when the new worker is not ready in time: the others stay', async () => {
    let started = 0;
    await supervise((worker) => ({ endsAtOnce: worker === 0 && ++started > 1 }), { limits: { ready: 400 } });

    await supervisor.roll();

    expect(log.entries.at(-1)?.msg).toContain('rolling restart stops');
    expect(deeds(1)).toHaveLength(1);
  });

  test('stops when the new worker cannot read a secret that the old one held: the others stay', async () => {
    let started = 0;
    await supervise((worker) => ({ secret: worker === 0 && ++started > 1 ? 'dead' : 'stale' }));

    await supervisor.roll();

    expect(log.entries.at(-1)).toMatchObject({
      worker: 0,
      secrets: ['prod/stripe'],
      msg: expect.stringContaining('stops'),
    });
    expect(deeds(1)).toHaveLength(1);
  });
});
