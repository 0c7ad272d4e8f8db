import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { BAD, GOOD, isAlive, type Serving, startServing } from './support/serve.ts';

let serving: Serving;
afterEach(() => serving.end());

const logged = (text: string) => serving.log.find((line) => line.includes(text), `a log line with "${text}"`);

describe('serve with two workers', () => {
  test('listens on a socket for each, and ends well when it is told to', async () => {
    serving = await startServing(['--workers', '2']);
    const { workers, ready } = await serving.ready(2);

    expect(ready).toBe(true);
    expect(new Set([serving.child.pid, ...workers.map(({ pid }) => pid)]).size).toBe(3);
    expect(serving.sockets.map((path) => existsSync(path))).toEqual([true, true]);

    serving.child.kill('SIGTERM');

    expect(await serving.exited).toBe(0);
    expect(workers.filter(({ pid }) => pid !== undefined && isAlive(pid))).toEqual([]);
    expect(serving.sockets.map((path) => existsSync(path))).toEqual([false, false]);
    expect(serving.stderr.entries).toEqual([]);
  });

  test('leaves no worker and no socket behind when the supervisor is killed', async () => {
    serving = await startServing(['--workers', '2']);
    const { workers } = await serving.ready(2);

    serving.child.kill('SIGKILL');
    await serving.exited;

    await expect.poll(() => workers.filter(({ pid }) => pid !== undefined && isAlive(pid))).toEqual([]);
    // A process that was killed leaves its socket; these ended in an orderly way.
    expect(serving.sockets.map((path) => existsSync(path))).toEqual([false, false]);
  });

  test('starts a worker again while the configuration has a mistake, with the configuration before it', async () => {
    serving = await startServing(['--workers', '2']);
    const before = await serving.ready(2);
    writeFileSync(serving.config, GOOD.replaceAll('a.example', 'changed.example'));
    await expect.poll(async () => (await serving.status()).integrations[0]?.host).toBe('changed.example');
    writeFileSync(serving.config, BAD);
    await expect.poll(async () => (await serving.status()).config.problems).toHaveLength(2);

    for (const { pid } of before.workers) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await serving.status()).workers.every(({ ready, restarts }) => ready && restarts === 1), {
        timeout: 30_000,
      })
      .toBe(true);

    const { integrations, config } = await serving.status();
    expect(integrations).toMatchObject([{ name: 'a', host: 'changed.example' }]);
    expect(config.problems).toContainEqual(expect.stringContaining('hots'));
  });

  test('does not open the inspector of a worker on a signal, whatever Node was started with', async () => {
    serving = await startServing(['--workers', '2'], { node: ['--heapsnapshot-signal=SIGUSR2'] });
    const { workers } = await serving.ready(2);

    for (const { pid } of workers) if (pid !== undefined) process.kill(pid, 'SIGUSR1');
    serving.child.kill('SIGUSR1');
    await logged('SIGUSR1 is ignored');
    await sleep(200);

    expect(serving.stderr.entries).toEqual([]);
    const pid = workers[0]?.pid ?? 0;
    const caught = BigInt(`0x${/SigCgt:\s+(\w+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]}`);
    // SIGUSR2 is number 12: a worker has no handler for it, so no snapshot either.
    expect((caught >> 11n) & 1n).toBe(0n);
    expect(await logged('--heapsnapshot-signal')).toContain('leave it out');
  });
});

test('serve ends with every mistake of the configuration, before it starts a worker', async () => {
  serving = await startServing(['--workers', '2'], { config: BAD });

  expect(await serving.exited).toBe(1);
  expect(serving.stderr.entries).toHaveLength(2);
  expect(serving.stderr.entries.join('\n')).toMatch(/integrations\.yaml:3:\d+: error: .*hots/);
  expect(serving.log.entries).toEqual([]);
});

test('serve ends with a sentence when a worker cannot have its address', async () => {
  const taken = await startServing([]);
  try {
    await taken.ready(1);
    serving = await startServing([
      '--workers',
      '2',
      '--listen',
      `unix:${taken.sockets[0]?.replace('0.sock', '{worker}.sock')}`,
    ]);

    expect(await serving.exited).toBe(1);
    expect(serving.stderr.entries.join('\n')).toMatch(/another process listens on .*0\.sock: stop it/);
  } finally {
    await taken.end();
  }
});

describe('serve with one worker', () => {
  test('has no supervisor, goes on after SIGHUP, and says what that needs', async () => {
    serving = await startServing([]);
    const { workers } = await serving.ready(1);

    serving.child.kill('SIGHUP');

    expect(await logged('SIGHUP')).toContain('two workers or more');
    expect(workers.map(({ pid }) => pid)).toEqual([serving.child.pid]);
    expect((await serving.status()).ready).toBe(true);
  });

  test('does not open the inspector on a signal', async () => {
    serving = await startServing([]);
    await serving.ready(1);

    serving.child.kill('SIGUSR1');

    await logged('SIGUSR1 is ignored');
    await sleep(200);
    expect(serving.stderr.entries).toEqual([]);
  });

  test.runIf(existsSync('/proc/self/limits'))('warns of core files, which would hold keys', async () => {
    serving = await startServing([], { shell: 'ulimit -S -c unlimited;' });
    await serving.ready(1);

    expect(await logged('core files')).toContain('ulimit -c 0');
  });

  test.runIf(existsSync('/proc/self/limits'))('says nothing where there are none', async () => {
    serving = await startServing([], { shell: 'ulimit -c 0;' });
    await serving.ready(1);
    await logged('"ready"');

    expect(serving.log.entries.join('\n')).not.toContain('core files');
  });
});
