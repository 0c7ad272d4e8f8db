import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readBytes } from '../../src/configuration/read-bytes.ts';
import { watchConfiguration } from '../../src/configuration/watch-configuration.ts';

const INTERVAL = 20;

const nameOf = ({ name }: { name: string }) => name;

const list = (...names: string[]) =>
  `integrations:\n${names.map((name) => `- { integration: ${name}, host: api.example.com, secret: s, bearer: "{{ . }}" }\n`).join('')}`;

describe('a watched file', () => {
  let directory: string;
  let file: string;
  let seen: string[];
  let watcher: { close(): void };

  /** Watches the file, and notes what is told of it. */
  async function watch(path = file): Promise<void> {
    const { version } = await readBytes(path);
    watcher = watchConfiguration(
      path,
      (reading) => {
        if (reading.kind === 'bad') seen.push(`problem: ${reading.problems[0]?.reason}`);
        else seen.push(reading.configuration.pages.flatMap((page) => JSON.parse(page).integrations.map(nameOf)).join());
      },
      { known: version, interval: INTERVAL },
    );
  }

  /** Waits until this was told, and a little longer for what should not be. */
  async function told(...expected: string[]): Promise<void> {
    await vi.waitFor(() => expect(seen).toEqual(expected), { timeout: 60_000, interval: 5 });
    await sleep(3 * INTERVAL);
    expect(seen).toEqual(expected);
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'attache-'));
    file = join(directory, 'envoy.yaml');
    seen = [];
    writeFileSync(file, list('a'));
  });

  afterEach(() => {
    watcher.close();
    rmSync(directory, { recursive: true });
  });

  it('is read again when it was edited', async () => {
    await watch();
    writeFileSync(file, list('a', 'b'));

    await told('a,b');
  });

  it('is read again when another was put in its place', async () => {
    await watch();
    writeFileSync(`${file}.new`, list('a', 'b'));
    renameSync(`${file}.new`, file);

    await told('a,b');
  });

  it('is read again when a symbolic link in its path was swapped', async () => {
    for (const name of ['1', '2']) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'envoy.yaml'), list(`v${name}`));
    }
    symlinkSync('1', join(directory, 'data'));
    await watch(join(directory, 'data', 'envoy.yaml'));
    symlinkSync('2', join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'data'));

    await told('v2');
  });

  it('says what is wrong with an edit, and is read again once it is mended', async () => {
    await watch();
    writeFileSync(file, list('a', 'a'));
    await told('problem: integration a is defined twice, first at '.concat(file, ':2'));

    writeFileSync(file, list('a'));

    await told('problem: integration a is defined twice, first at '.concat(file, ':2'), 'a');
  });

  it('is missed when it is gone, and read again when it is back', async () => {
    await watch();
    rmSync(file);
    await told('problem: there is no such file');

    writeFileSync(file, list('a'));

    await told('problem: there is no such file', 'a');
  });

  it('is left alone when it was written again as it was', async () => {
    await watch();
    writeFileSync(file, list('a'));

    await told();
    await sleep(10 * INTERVAL);
    expect(seen).toEqual([]);
  });

  it('is judged once more when it was edited while it was being judged', async () => {
    await watch();
    for (let edit = 0; edit < 20; edit += 1) {
      writeFileSync(file, list('a', `b${edit}`));
      await sleep(INTERVAL);
    }
    writeFileSync(file, list('last'));

    await vi.waitFor(() => expect(seen.at(-1)).toBe('last'), { timeout: 60_000, interval: 5 });
  });

  it('is not followed any more once the watcher is closed', async () => {
    await watch();
    watcher.close();
    writeFileSync(file, list('b'));

    await sleep(10 * INTERVAL);

    expect(seen).toEqual([]);
  });
});
