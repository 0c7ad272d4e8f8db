import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plainEnvironment } from '../../local/environment.ts';
import manifest from '../../package.json' with { type: 'json' };

const repository = join(import.meta.dirname, '..', '..');
const MODEL = 'test/soak/secret-model.ts';

/** Runs a command to its end. */
function run(...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: repository, env: plainEnvironment() }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

test('--help says what a command does, and each option with its unit and its default', async () => {
  const { code, stdout } = await run('test/soak/aws-outage.ts', '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: npm run test:outage -- \[options\]\n\nAWS Secrets Manager goes away/);
  expect(stdout).toMatch(/--rate <requests\/s> {2,}.*\(default: 100\)/);
  expect(stdout).toMatch(/--max-stale <seconds> {2,}.*\(default: 60\)/);
  expect((await run(MODEL, '--help')).stdout).toContain('(default: another one each time)');
});

test('what a command does not know is refused with a sentence, and nothing is run', async () => {
  for (const [typed, sentence] of [
    [['--stepz', '3'], "unknown option '--stepz'"],
    [['--steps', 'many'], 'Write a number, 0 or more.'],
    [['--steps'], "option '--steps <number>' argument missing"],
    [['3'], 'too many arguments'],
  ] as const) {
    const { code, stdout, stderr } = await run(MODEL, ...typed);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('Type npm run test:model -- --help for what there is.');
    expect(stderr).not.toContain('    at ');
  }
});

test('numbers reach the command as they are typed', async () => {
  const { stdout } = await run(MODEL, '--steps', '2000', '--seed', '7');
  expect(stdout).toMatch(/^2,000 steps in \d+ s, seeds 7 to 7:/m);
});

test('every command of the longer runs and benchmarks reads its options so, by the name under which it is typed', () => {
  const files = globSync(['test/soak/*.ts', 'bench/*.ts'], { cwd: repository });
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) {
    const [, typed] = /commandLine\(\s*'([^']+)'/.exec(readFileSync(join(repository, file), 'utf8')) ?? [];
    const script = Object.entries(manifest.scripts).find(([, command]) => command.endsWith(`node ${file}`))?.[0];
    expect(typed, file).toBe(script === undefined ? `node ${file}` : `npm run ${script}`);
  }
});
