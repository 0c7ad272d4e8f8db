import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { inChild } from '../../src/configuration/in-child.ts';
import { SpareChild } from '../../src/configuration/spare-child.ts';
import { isAlive } from '../workers/support/serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'attache-'));
afterAll(() => rmSync(folder, { recursive: true }));

const program = (code: string) => {
  const file = join(folder, `${Math.random()}.mjs`);
  writeFileSync(file, `process.once('message', (data) => {${code}});`);
  return file;
};

const LIMITS = { time: 30_000, memory: 64 };

describe('a process', () => {
  it.each([0, 5, 19])(
    'that waits for work runs after others, and never before one that is nice by %i itself',
    async (nice) => {
      const script = `
      import { getPriority } from 'node:os';
      import { SpareChild } from '${new URL('../../src/configuration/spare-child.ts', import.meta.url)}';
      const spare = new SpareChild(${JSON.stringify(program(''))}, ${LIMITS.memory});
      spare.prepare();
      const child = spare.take();
      console.log(getPriority(child.pid));
      child.kill('SIGKILL');`;
      const command = [`${nice}`, process.execPath, '--input-type=module', '--eval', script];
      const { stdout } = await promisify(execFile)('nice', ['-n', ...command]);
      expect(Number(stdout)).toBe(Math.max(10, Math.min(19, getPriority() + nice)));
    },
  );

  it('gives what it sends', async () => {
    expect(await inChild(program('process.send({ result: data + 1 })'), 41, LIMITS)).toBe(42);
  });

  it('is kept for the next piece of work once it has done one, and no longer than it is wanted', async () => {
    const file = join(folder, 'kept.mjs');
    writeFileSync(
      file,
      `process.on('message', (data) => data === 'end' ? process.exit(3) : process.send({ result: process.pid }));`,
    );
    const spare = new SpareChild(file, LIMITS.memory);
    const work = (data: string) => inChild<number>(file, data, LIMITS, undefined, spare);

    const first = await work('one');
    expect(await work('two')).toBe(first);
    await expect(work('end')).rejects.toThrow('ended without a result');
    const next = await work('three');
    expect(next).not.toBe(first);
    spare.discard();
    await expect.poll(() => isAlive(next)).toBe(false);
  });

  it.each([
    ['hangs', 'for (;;);', { ...LIMITS, time: 300 }, 'took longer than 0.3 s'],
    ['fills its memory', 'const all = []; for (;;) all.push(new Array(1000).fill(0));', LIMITS, 'may take 64 MiB'],
    ['ends', 'process.exit(3)', LIMITS, 'ended without a result (code 3)'],
    ['has an exception', 'throw new Error("no such thing")', LIMITS, 'ended without a result'],
    ['rejects', 'Promise.reject(new Error("no such thing"))', LIMITS, 'ended without a result'],
    ['says why it failed', 'process.send({ failure: "no such thing" })', LIMITS, 'failed inside (no such thing)'],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', LIMITS, 'ended without a result (SIGKILL)'],
  ])('that %s is told of in a sentence, and harms nobody else', async (_, code, limits, sentence) => {
    await expect(inChild(program(code), 'data', limits)).rejects.toThrow(sentence);
  });

  it('has nothing of the environment', async () => {
    expect(
      await inChild(
        program('process.send({ result: Object.keys(process.env).filter((it) => /AWS|ATTACHE|PATH/.test(it)) })'),
        1,
      ),
    ).toEqual([]);
  });

  it('is given up when its result is not wanted any more', async () => {
    const end = new AbortController();
    const result = inChild(program('for (;;);'), 'data', LIMITS, end.signal);
    end.abort();

    await expect(result).rejects.toThrow('was given up');
  });
});
