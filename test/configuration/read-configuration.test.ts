import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/configuration/configuration.ts';
import { contentsOf, steps } from '../../src/configuration/contents-of.ts';
import { judge } from '../../src/configuration/judge.ts';
import { readConfiguration } from '../../src/configuration/read-configuration.ts';
import { readCatalogue } from '../../src/integrations/read-catalogue.ts';
import { envoyFileOf } from '../support/many-integrations.ts';

const GOOD = 'integrations:\n- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }\n';

async function judged(text: string): Promise<Configuration> {
  const reading = await judge('envoy.yaml', '1', Buffer.from(text));
  if (reading.kind === 'bad') throw new Error(JSON.stringify(reading.problems));
  return reading.configuration;
}

describe('a configuration', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'attache-'));
    file = join(folder, 'list.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('says the same as its file, in plain data', async () => {
    const reading = await readConfiguration('envoy/envoy.yaml');
    if (reading.kind === 'bad') throw new Error('bad');
    const sent = JSON.parse(JSON.stringify(reading.configuration)) as Configuration;

    const shown = (it: object) => JSON.stringify(it);
    expect([...((await contentsOf(sent))?.catalogue ?? [])].map(shown)).toEqual(
      [...readCatalogue('envoy/envoy.yaml').catalogue].map(shown),
    );
  });

  it('has another version when its file has another byte, and the same when it has not', async () => {
    const versions: string[] = [];
    for (const text of [GOOD, `${GOOD}#`, GOOD]) {
      writeFileSync(file, text);
      const reading = await readConfiguration(file);
      versions.push(reading.kind === 'good' ? reading.configuration.version : '');
    }

    expect(versions[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(versions[1]).not.toBe(versions[0]);
    expect(versions[2]).toBe(versions[0]);
  });

  it.each([
    ['is gone', undefined, 'there is no such file'],
    ['is in UTF-16', Buffer.from('\ufeffintegrations: []', 'utf16le'), 'the file is not in UTF-8'],
    ['is too large', Buffer.alloc(9_000_000, 'a'), 'the file has more than 8 MiB, the most that is read'],
  ])(
    'is not to be had of a file that %s',
    async (_, bytes, reason) => {
      if (bytes !== undefined) writeFileSync(file, bytes);

      expect(await readConfiguration(file)).toMatchObject({ kind: 'bad', problems: [{ file, reason }] });
    },
    30_000,
  );

  it('is not to be had of a file without an end', async () => {
    expect(await readConfiguration('/dev/zero')).toMatchObject({ kind: 'bad' });
  });

  it('is not to be had within limits that are too small, and the sentence says so', async () => {
    writeFileSync(file, envoyFileOf(2_000, { share: 10 }));

    const reading = await readConfiguration(file, { limits: { time: 60_000, memory: 30 } });

    expect(reading).toMatchObject({
      kind: 'bad',
      problems: [{ reason: expect.stringContaining('it may take 30 MiB') }],
    });
  });

  it('is made ready in short steps, however many integrations it has', async () => {
    const counted = async (count: number) => {
      const configuration = await judged(envoyFileOf(count));
      const all = steps(configuration);
      let number = 0;
      while (all.next().done !== true) number += 1;
      return { number, pages: configuration.pages.length };
    };

    const [few, many] = [await counted(100), await counted(900)];
    // One for each integration and one for each page: of fifty integrations, or of routes.
    expect(many.number - few.number).toBe(800 + many.pages - few.pages);
    expect(many.pages).toBeLessThan(50);
  });

  it('is made ready in turns of a few milliseconds, between which others have theirs', async () => {
    let clock = 0;
    let inThisTurn = 0;
    let most = 0;
    const now = () => clock;
    const configuration = await judged(envoyFileOf(200));
    let turns = 0;
    // Each step takes a millisecond of this clock.
    const ticking = () => {
      clock += 1;
      inThisTurn += 1;
      most = Math.max(most, inThisTurn);
      return now();
    };

    const contents = await contentsOf(configuration, {
      now: ticking,
      pause: async () => {
        turns += 1;
        inThisTurn = 0;
      },
    });

    expect(contents?.catalogue.size).toBe(203);
    expect(most).toBeLessThanOrEqual(6);
    expect(turns).toBeGreaterThanOrEqual(203 / 6);
  });

  it('is made ready no further when another one is wanted', async () => {
    const isWanted = () => false;
    const configuration = await judged(envoyFileOf(50));

    expect(await contentsOf(configuration, { now: () => Math.random() * 1e9, isWanted })).toBe(undefined);
  });
});
