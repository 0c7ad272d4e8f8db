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
      { env: plainEnvironment({ ATTACHE_ADMIN: '127.0.0.1:1' }), timeout: 120_000 },
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
    expect(stdout).toMatch(
      /In a program:\n {2}export http_proxy=http:\/\/127\.0\.0\.1:8080 .*\n {2}export GROQ_BASE_URL=http:\/\/groq\.int {4}# groq for Python, checked with /,
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['envoy.yaml']);
  });

  it('prints the lines of a host that the catalogue has, whatever is typed for it', async () => {
    const { file } = copy();

    const { stdout } = await add(
      'topics',
      ...['--target', 'https://sns.eu-west-1.amazonaws.com', '--aws-sigv4', 'sns:eu-west-1', '--file', file],
    );

    expect(stdout).toContain('  export AWS_ENDPOINT_URL_SNS=http://topics.int    # boto3 for Python, checked with ');
  });

  it('says what callers must know of bodies and presigned URLs', async () => {
    const { file } = copy();

    const slack = await add('slack', '--file', file);
    const aws = await add('aws-kms', '--region', 'eu-west-1', '--max-body', '1MiB', '--file', file);

    expect(slack.stdout).toContain('it also takes a credential in the field token of a body');
    expect(aws.stdout).toContain('a presigned URL is refused with 403');
    expect(aws.stdout).toContain('A body may have up to 1048576 bytes (--max-body)');
  });

  it('says which other line it changed', async () => {
    const { file } = copy();

    const { stdout } = await add('mine', '--target', 'https://a.example', '--header', 'x-mine={{ . }}', '--file', file);

    const line =
      readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('|x-mine"')) + 1;
    expect(stdout).toContain(`Attaché may now write x-mine: ${file}:${line} (allow_expression)\n`);
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

  it('says how git uses it', async () => {
    const { file } = copy();

    const { code, stdout, stderr } = await add('github-git', '--file', file);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('The secret prod/github-git must hold: {"app_id": "…", "private_key": "-----BEGIN');
    expect(stdout).toContain('  git clone http://github-git.int/OWNER/REPOSITORY.git\n');
    expect(stdout).not.toContain('curl');
  });

  it('adds a key in the query and in the path, and a service of AWS', async () => {
    const { file } = copy();
    const key = ['--query', 'key={{ a }}', '--query', 'unit=metric', '--path', '/v1/{{ b }}'];

    const runs = [
      await add('mine', '--target', 'https://api.example.com', ...key, '--file', file),
      await add('aws-dynamodb', '--region', 'eu-west-1', '--file', file),
    ];

    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(2).fill({ code: 0, stderr: '' }));
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('query: { key: "{{ a }}", unit: "metric" }\n                      path: "/v1/{{ b }}"\n');
    expect(text).toContain('host_rewrite_literal: dynamodb.eu-west-1.amazonaws.com');
    expect(runs[1]?.stdout).toContain(
      '  export AWS_ENDPOINT_URL_DYNAMODB=http://aws-dynamodb.int    # boto3 for Python, ',
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

  it('writes who may request what, and takes the secret out of responses', async () => {
    const { file } = copy();
    const rules = [
      '--caller',
      '10.1.0.0/16',
      '--caller',
      'spiffe://acme/agents/*',
      '--allow',
      'GET /v1/**',
      '--keep',
      'cookie',
    ];

    const { code, stderr } = await add('resend', '--file', file, ...rules, '--redact');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(difference(GOOD, readFileSync(file, 'utf8')).added.map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^typed_per_filter_config: \{ redact: \{ "@type": .*ExtProcPerRoute, overrides: \{\} \} \}$/,
        ),
        'callers: ["10.1.0.0/16", "spiffe://acme/agents/*"]',
        'allow: ["GET /v1/**"]',
        'keep: [cookie]',
        'redact: true',
      ]),
    );
  });

  it.each([
    ['--allow', 'GET v1', /allow/],
    ['--caller', '10.1.0.0/33', /callers/],
    ['--keep', 'accept', /keep/],
  ])('writes nothing for %s %s', async (option, value, message) => {
    const { file } = copy();

    const { code, stderr } = await add('resend', '--file', file, option, value);

    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(readFileSync(file, 'utf8')).toBe(GOOD);
  });

  it('says what a listener lacks for --redact', async () => {
    const without = GOOD.replace(/ {10}- name: redact[\s\S]*?route_cache_action: RETAIN\n/, '');
    const { file } = copy(without);

    const { code, stderr } = await add('resend', '--file', file, '--redact');

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^the listener at .*envoy\.yaml:\d+ has no filter that takes secrets out of responses; copy the filter redact/,
    );
    expect(readFileSync(file, 'utf8')).toBe(without);
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
    [['stripe', '--cookie', 'key={{ . }}'], /unknown option '--cookie'/],
    [['aws-sqs'], /^aws-sqs has a host in each Region; add --region eu-west-1 or another\n$/],
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
      /^openai +api\.openai\.com +Bearer +openai \(python\), .*, openai \(node\), /,
    );
    expect(JSON.parse(json.stdout)).toEqual([...VENDORS.values()]);
  });
});
