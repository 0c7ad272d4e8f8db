import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sourceEntry } from '../../local/attache.ts';
import { freePort } from '../../local/ports.ts';

/** Starts a program of Node with pipes for its output. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
}

/** The exit code, or what it was ended by when it did not end by itself. */
async function endOf(child: ChildProcess): Promise<number | string | null> {
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  return signal ?? code;
}

describe('Attaché whose output nobody reads any more', () => {
  it.each([1, 2])('ends by SIGTERM as it should, with %s workers', async (workers) => {
    const folder = mkdtempSync(join(tmpdir(), 'attache-output-'));
    const child = start([sourceEntry, 'serve'], {
      ATTACHE_LISTEN: `unix:${folder}/{worker}.sock`,
      ATTACHE_WORKERS: String(workers),
      ATTACHE_ADMIN: `127.0.0.1:${await freePort()}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${await freePort()}`,
    });
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await expect.poll(() => text).toContain('"ready"');
    child.stdout?.destroy();
    child.stderr?.destroy();
    const ended = endOf(child);
    child.kill('SIGTERM');

    expect(await ended).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

describe('a pipe for the log', () => {
  const program = (body: string) =>
    start([
      '--input-type=module-typescript',
      '--eval',
      `import { standardOutput } from ${JSON.stringify(join(import.meta.dirname, '../../src/telemetry/standard-output.ts'))};
       const output = standardOutput(); const line = 'x'.repeat(99) + '\\n'; ${body}`,
    ]);

  it('never holds the process up when its reader stalls: what does not fit is dropped and counted', async () => {
    const child = program(`
      const began = performance.now();
      for (let count = 0; count < 100_000; count += 1) output.write(line);
      process.send({ lost: output.lost, ms: performance.now() - began }, () => process.exit(7));`);
    const ended = endOf(child);
    const [{ lost, ms }] = (await once(child, 'message')) as [{ lost: number; ms: number }];

    expect(await ended).toBe(7);
    expect(lost).toBeGreaterThan(80_000);
    expect(ms).toBeLessThan(2_000);
  });

  it('keeps lines whole and in order, one by one and in a batch', async () => {
    const child = program(`
      for (let count = 0; count < 500; count += 1) output.write(count + line);
      output.batch(() => { for (let count = 500; count < 2_000; count += 1) output.write(count + line); });
      setTimeout(() => process.exit(0), 300);`);
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await endOf(child);
    await sleep(50);

    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => Number.parseInt(line, 10)),
    ).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  });
});
