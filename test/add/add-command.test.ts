import { execFile } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { difference, GOOD } from './support.ts';

/** Types `attache add …`. */
function add(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['src/main.ts', 'add', ...args],
      { env: plainEnvironment({}), timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

function copy(text = GOOD): { folder: string; file: string } {
  const folder = privateFolder();
  const file = join(folder, 'envoy.yaml');
  writeFileSync(file, text);
  return { folder, file };
}

describe('attache add', () => {
  it('writes the file, leaves its mode and nothing else beside it, and says all that is needed', async () => {
    const { folder, file } = copy();
    chmodSync(file, 0o640);

    const { code, stdout, stderr } = await add('groq', '--file', file, '--secret', 'team/groq');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const text = readFileSync(file, 'utf8');
    expect(difference(GOOD, text)).toMatchObject({ changed: [] });
    const line = text.split('\n').indexOf('            - name: groq') + 1;
    expect(stdout).toContain(`Added groq for api.groq.com: ${file}:${line}\n`);
    expect(stdout).toContain('The secret team/groq must hold: {"api_key": "…"}\n');
    expect(stdout).toContain('  curl http://groq.int/\n');
    expect(stdout).toContain('  curl http://groq.int.localhost:8080/ ');
    expect(stdout).toContain('  export GROQ_BASE_URL=http://groq.int\n');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['envoy.yaml']);
  });

  it('says which other line it changed', async () => {
    const { file } = copy();

    const { stdout } = await add('elevenlabs', '--file', file);

    const line =
      readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('|xi-api-key"')) + 1;
    expect(stdout).toContain(`Attaché may now write xi-api-key: ${file}:${line} (allow_expression)\n`);
  });

  it('adds an API that is not in the catalogue', async () => {
    const { file } = copy('integrations:\n- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }\n');

    const { stdout } = await add(
      'mine',
      '--target',
      'https://api.example.com',
      '--header',
      'x-a={{ a }}',
      '--header',
      'x-b={{ b }}',
      '--file',
      file,
    );

    expect(readFileSync(file, 'utf8')).toMatch(
      /\n- \{ integration: mine, host: api\.example\.com, secret: prod\/mine, headers: \{ x-a: "\{\{ a \}\}", x-b: "\{\{ b \}\}" \} \}\n$/,
    );
    expect(stdout).toContain(
      'Envoy needs a route to api.example.com whose integration is mine\nand, in mutation_rules, leave for Attaché to write x-a, x-b.',
    );
  });

  it('writes through a symbolic link, and keeps a byte order mark', async () => {
    const { folder, file } = copy(`\ufeff${GOOD}`);
    const link = join(folder, 'link.yaml');
    symlinkSync(file, link);

    const { code } = await add('resend', '--file', link);

    expect(code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toMatch(/^\ufeff# [\s\S]*integration: resend/);
  });

  it('shows the block with --print, and writes nothing', async () => {
    const { file } = copy();

    const { code, stdout } = await add('resend', '--file', file, '--print');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^- name: resend\n {2}domains: .*\n[\s\S]* {10}bearer: "\{\{ api_key \}\}"\n$/);
    expect(readFileSync(file, 'utf8')).toBe(GOOD);
  });

  it('writes nothing when the result would not be valid', async () => {
    const broken = GOOD.replace('failure_mode_allow: false      #', 'failure_mode_allow: true       #');
    const { file } = copy(broken);

    const { code, stdout, stderr } = await add('resend', '--file', file);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/would not be valid with resend, so it is left as it was:\n.*envoy\.yaml:\d+:\d+: error: /);
    expect(readFileSync(file, 'utf8')).toBe(broken);
  });

  it.each([
    [['stripe'], /^integration stripe exists already \(.*envoy\.yaml:\d+\); give the new one another --name\n$/],
    [['strpe'], /^the catalogue has no API named "strpe"; did you mean stripe\?/],
    [[], /^no API is named; write attache add NAME, or attache add --list\n$/],
    [['stripe', '--query', 'key={{ . }}'], /unknown option '--query'/],
  ])('ends with a sentence for %j', async (args, message) => {
    const { file } = copy();

    const { code, stderr } = await add(...args, '--file', file);

    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(readFileSync(file, 'utf8')).toBe(GOOD);
  });

  it('says that there is no such file', async () => {
    const { code, stderr } = await add('resend', '--file', '/no/such/file.yaml');

    expect(code).toBe(1);
    expect(stderr).toMatch(/^\/no\/such\/file\.yaml:1:1: error: there is no such file/);
  });

  it('lists the catalogue, for people and as JSON', async () => {
    const [table, json] = await Promise.all([add('--list'), add('--list', '--json')]);

    const lines = table.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(VENDORS.size + 1);
    expect(lines.find((line) => line.startsWith('openai '))).toMatch(
      /^openai +api\.openai\.com +Bearer +OPENAI_BASE_URL$/,
    );
    expect(JSON.parse(json.stdout)).toEqual([...VENDORS.values()]);
  });
});
