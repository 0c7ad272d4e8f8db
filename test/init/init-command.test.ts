import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type InitOptions, init } from '../../src/init/init-command.ts';
import { FOREIGN, foreign } from './shapes.ts';

/** A copy of a foreign file in a folder of its own, and what the command says of it. */
function prepared(name: string) {
  const folder = mkdtempSync(join(tmpdir(), 'attache-init-'));
  const file = join(folder, name);
  copyFileSync(join(FOREIGN, name), file);
  const said: string[] = [];
  const hear = (chunk: unknown) => said.push(String(chunk)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(hear);
  vi.spyOn(process.stderr, 'write').mockImplementation(hear);
  return {
    folder,
    file,
    run: async (options: InitOptions = {}) => {
      said.length = 0;
      const code = await init(file, options);
      return { code, said: said.join('') };
    },
  };
}

// Each run starts processes of its own.
describe('the command attache init', { timeout: 600_000 }, () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('says each step with its lines, its reason and what comes next, and keeps the file as it was beside it', async () => {
    const { file, run } = prepared('no-routes.yaml');
    chmodSync(file, 0o640);

    const { code, said } = await run();

    expect(code).toBe(0);
    const now = readFileSync(file, 'utf8').split('\n');
    const places = [...said.matchAll(/^\d+\. .*?:(\d+)(?:-(\d+))?: (.*)\n {3}(.+)$/gm)];
    expect(places.map(([, , , what]) => what)).toEqual([
      'the cluster attache',
      'the cluster attache_responses',
      'the cluster internet',
      'node.id',
      'node.cluster',
      'the listener routes',
      'the listener attache',
      'node.metadata.attache',
      'a layer of layered_runtime',
      'a second layer',
    ]);
    const firstLines = places.slice(0, 8).map(([, first]) => now[Number(first) - 1]?.trim().replace(/ #.*/, ''));
    expect(firstLines).toEqual([
      '- name: attache',
      '- name: attache_responses',
      '- name: internet',
      'node:',
      'cluster: attache',
      '- name: routes',
      '- name: attache',
      'metadata:',
    ]);
    expect(said).toContain(`attache add NAME --file ${file}`);
    expect(readFileSync(`${file}.before-attache`, 'utf8')).toBe(foreign('no-routes.yaml'));
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('shows every line and writes nothing with --print', async () => {
    const { folder, file, run } = prepared('json.json');

    const { code, said } = await run({ print: true });

    expect(code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(foreign('json.json'));
    expect(readdirSync(folder)).toEqual(['json.json']);
    const shown = said.split('\n');
    expect(shown.filter((line) => /^\+ +"name": "attache",$/.test(line))).toHaveLength(6);
    expect(shown.filter((line) => line.startsWith('+')).length).toBeGreaterThan(500);
  });

  it('puts the file back with --undo, and keeps what it was like until then', async () => {
    const { file, run } = prepared('two-listeners.yaml');
    await run({ listener: 'egress' });
    writeFileSync(file, `${readFileSync(file, 'utf8')}# an edit\n`);

    const { code, said } = await run({ undo: true });

    expect(code).toBe(0);
    expect(said).toContain(`${file}.with-attache`);
    expect(readFileSync(file, 'utf8')).toBe(foreign('two-listeners.yaml'));
    expect(readFileSync(`${file}.with-attache`, 'utf8')).toMatch(/# an edit\n$/);
    expect(existsSync(`${file}.before-attache`)).toBe(false);
    expect((await run({ undo: true })).said).toMatch(/there is no .*before-attache.*nothing can be put back/);
  });

  it('does nothing when all is there, and never overwrites the file as it was', async () => {
    const { file, run } = prepared('no-routes.yaml');
    await run();
    const now = readFileSync(file, 'utf8');

    const again = await run();

    expect([again.code, again.said]).toEqual([0, expect.stringContaining('has all that Attaché needs')]);
    expect(readFileSync(file, 'utf8')).toBe(now);
    writeFileSync(file, foreign('no-routes.yaml'));
    const third = await run();
    expect([third.code, third.said]).toEqual([1, expect.stringContaining('--undo')]);
    expect(readFileSync(file, 'utf8')).toBe(foreign('no-routes.yaml'));
  });
});
