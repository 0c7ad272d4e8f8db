import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceEntry } from '../../local/attache.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { type Stack, startStack } from '../../local/stack.ts';

describe('the command line', () => {
  let stack: Stack;
  const folder = privateFolder();

  beforeAll(async () => {
    stack = await startStack();
    await stack.aws.put('prod/no-json', 'text');
  });
  afterAll(() => stack?.stop());

  /** Types `attache …` and waits for its end. */
  function attache(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number | string; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [sourceEntry, ...args],
        { env: plainEnvironment({ ...stack.aws.environment, ...env }), timeout: 120_000 },
        (error, stdout, stderr) => {
          resolve({ code: error?.code ?? 0, stdout, stderr });
        },
      );
    });
  }

  const plain = (...lines: string[]) => {
    const file = join(folder, `${lines.length}.yaml`);
    writeFileSync(file, ['integrations:', ...lines].join('\n'));
    return file;
  };

  it('finds nothing wrong with the envoy.yaml of this repository, nor with its secrets', async () => {
    expect(await attache(['check', '--aws', 'envoy/envoy.yaml'])).toEqual({
      code: 0,
      stdout: 'envoy/envoy.yaml: 0 errors, 0 warnings\n',
      stderr: '',
    });
  });

  it('finds secrets that are not there, and fields that are not in them, at their lines', async () => {
    const file = plain(
      '- { integration: a, host: a.example, secret: prod/absent, bearer: "{{ . }}" }',
      '- { integration: b, host: b.example, secret: prod/stripe, bearer: "{{ no_such_field }}" }',
      '- { integration: c, host: c.example, secret: prod/no-json, bearer: "{{ key }}" }',
    );

    const { code, stdout } = await attache(['check', '--aws', file]);

    expect(code).toBe(1);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(new RegExp(`^${file}:2:\\d+: error: .*prod/absent.*no such secret`)),
      expect.stringMatching(new RegExp(`^${file}:3:\\d+: error: .*prod/stripe.*no_such_field`)),
      expect.stringMatching(new RegExp(`^${file}:4:\\d+: error: .*prod/no-json.*not JSON`)),
    ]);
    expect(stdout).not.toContain(stack.keys.stripe);
  });

  it('says how a running Attaché is doing', async () => {
    const { code, stdout } = await attache(['status', '--admin', `127.0.0.1:${stack.attache.adminPort}`]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^Attaché \d+\.\d+\.\d+, ready/);
    expect(stdout).toMatch(/prod\/stripe +fresh/);
  });

  it.each([
    [['status', '--admin', '127.0.0.1:1'], {}, /No Attaché answers on 127\.0\.0\.1:1.*--admin/],
    [['serve', '--config', '/no/such/file.yaml'], {}, /\/no\/such\/file\.yaml:1:1: error: there is no such file/],
    [['serve', '--no-such-flag'], {}, /--no-such-flag.*\n.*--help/],
    [['serve'], { ATTACHE_MAX_STALE: 'soon' }, /ATTACHE_MAX_STALE=soon: must be a time/],
    [['serve'], { AWS_REGION: '' }, /No AWS Region: set AWS_REGION/],
    [['serve'], { AWS_USE_FIPS_ENDPOINT: 'true' }, /AWS_USE_FIPS_ENDPOINT and an endpoint URL cannot stand together/],
  ] as [string[], Record<string, string>, RegExp][])(
    '%j with %j ends with a sentence that says what to do',
    async (args, env, message) => {
      const { code, stderr } = await attache(args, env);

      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  );

  it('says which address is taken', async () => {
    const taken = `127.0.0.1:${stack.attache.adminPort}`;

    const admin = await attache(['serve', '--listen', `unix:${join(folder, '0.sock')}`, '--admin', taken]);
    const listen = await attache(['serve', '--listen', taken, '--admin', '127.0.0.1:0']);

    expect(admin).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cannot listen on ${taken} (ATTACHE_ADMIN)`),
    });
    expect(listen).toMatchObject({ code: 1, stderr: expect.stringContaining(`cannot listen on ${taken}`) });
  });

  it.each([['--help'], ['serve', '--help'], ['check', '--help'], ['status', '--help'], ['add', '--help']])(
    'explains itself: %s %s',
    async (...args) => {
      const { code, stdout } = await attache(args.filter((arg) => arg !== undefined));

      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: attache/);
    },
  );
});
