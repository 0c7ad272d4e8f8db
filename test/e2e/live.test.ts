import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { add } from '../../src/add/add-command.ts';
import { list } from '../../src/add/list-command.ts';
import { remove } from '../../src/add/remove-command.ts';
import { rename } from '../../src/add/rename-command.ts';
import { send } from './support/send.ts';

interface Told {
  readonly config: { readonly problems: readonly string[]; readonly notes: readonly string[] };
  readonly workers: readonly { readonly configuration?: string }[];
  readonly secrets: readonly { readonly secret: string }[];
}

/** A virtual host with an integration, as it stands in envoy.yaml. */
const block = (name: string, more = '') =>
  `{ name: ${name}, domains: [${name}.int], routes: [{ match: { prefix: / }, route: { cluster: internet, host_rewrite_literal: ${name}.example, timeout: 0s${more} }, metadata: { filter_metadata: { attache: { integration: ${name}, secret: prod/${name}, bearer: "{{ . }}" } } } }] }`;

/** On the Envoy of every day with two workers; on each that is supported, by `npm run test:envoys`, with one as well. */
const WORKERS = process.env.ENVOY_VERSION === undefined ? [2] : [1, 2];

describe.each(WORKERS)('routes, with %i workers of Attaché,', (workers) => {
  let stack: Stack;
  let text: string;

  beforeAll(async () => {
    const find = (headers: { authorization?: string | undefined }) => bearer(headers.authorization);
    stack = await startStack({
      workers,
      upstream: { hosts: { 'added.example': find, 'moved.example': find } },
    });
    text = readFileSync(stack.attacheConfig, 'utf8');
    await stack.aws.put('prod/added', 'key-of-added');
    stack.upstream.accept('added.example', 'key-of-added');
  });
  afterAll(() => stack?.stop());
  afterEach(async () => {
    writeFileSync(stack.attacheConfig, text);
    await expect.poll(async () => (await told()).config).toMatchObject({ problems: [], notes: [] });
    await expect.poll(() => status('added.int')).toBe(404);
  });

  /** The file with more virtual hosts, behind the one for tunnels. */
  const withMore = (more: string) => {
    const [, indent] = /^( *)- name: stripe$/m.exec(text) ?? [];
    if (indent === undefined) throw new Error('the file has no virtual host stripe');
    return text.replace(/^ *- name: stripe$/m, `${indent}- ${more}\n$&`);
  };
  const told = async () => (await (await stack.attache.admin('/api/status')).json()) as Told;
  const status = async (host: string) => (await send(stack.port, { host })).status;

  it('are in use while Envoy runs, and are closed when they are taken away', async () => {
    expect(await status('added.int')).toBe(404);
    writeFileSync(stack.attacheConfig, withMore(block('added')));
    await expect.poll(() => status('added.int')).toBe(200);

    // Another file in its place, as editors leave it.
    writeFileSync(`${stack.attacheConfig}.new`, text);
    renameSync(`${stack.attacheConfig}.new`, stack.attacheConfig);

    await expect.poll(() => status('added.int')).toBe(404);
    expect(await status('stripe.int')).toBe(200);
  });

  it('are added, renamed, shown and removed by the commands, which wait until Envoy has taken each edit', async () => {
    const options = { file: stack.attacheConfig, admin: `127.0.0.1:${stack.attache.adminPort}` };
    const printed: string[] = [];
    // A busy machine may take longer than anybody is kept waiting.
    const outcome = (done: string) => new RegExp(` … (?:${done}.*|not yet: .*)\\n$`);
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => printed.push(String(line)) > 0);
    const run = async (command: () => Promise<number> | number) => {
      printed.length = 0;
      expect(await command(), printed.join('')).toBe(0);
      return printed.join('');
    };
    try {
      // The cluster of the stack finds one host alone, so it must be named.
      const target = { target: 'https://added.example', bearer: '{{ . }}', cluster: 'internet' };
      expect(await run(() => add('added', { ...options, ...target }))).toMatch(outcome('in use, and in the Envoy'));
      await expect.poll(() => status('added.int')).toBe(200);

      expect(await run(() => rename('added', 'other', options))).toMatch(outcome('in use under its new name'));
      await expect.poll(() => Promise.all([status('other.int'), status('added.int')])).toEqual([200, 404]);
      expect(JSON.parse(await run(() => list({ ...options, json: true })))).toContainEqual(
        expect.objectContaining({ name: 'other', target: 'added.example', secret: 'prod/added', live: true }),
      );

      const removed = await run(() => remove('other', options));
      expect(removed).toContain('uses the secret prod/added any more. It was left in AWS.');
      expect(removed).toMatch(outcome('closed'));
      await expect.poll(() => status('other.int')).toBe(404);
      expect(readFileSync(stack.attacheConfig, 'utf8')).toBe(text);
    } finally {
      write.mockRestore();
    }
  });

  it('are never answered but with success, whatever becomes of others', async () => {
    let isOver = false;
    let failures = 0;
    let requests = 0;
    const ask = async () => {
      while (!isOver) {
        requests += 1;
        if ((await status('stripe.int')) !== 200) failures += 1;
      }
    };
    const asking = ask();
    try {
      for (const [next, expected] of [
        [withMore(block('added')), 200],
        [text, 404],
        [withMore(block('added')), 200],
      ] as const) {
        writeFileSync(stack.attacheConfig, next);
        await expect.poll(() => status('added.int')).toBe(expected);
      }
    } finally {
      isOver = true;
      await asking;
    }

    expect(requests).toBeGreaterThan(10);
    expect(failures).toBe(0);
  });

  it('change nothing while they have a fault, which is told with its line', async () => {
    writeFileSync(stack.attacheConfig, withMore(block('added', ', retry_polcy: {}')));

    await expect
      .poll(async () => (await told()).config.problems)
      .toEqual([
        expect.stringMatching(
          /envoy\.yaml:\d+:\d+: error: RouteAction of Envoy 1.40 has no field retry_polcy; did you mean retry_policy?/,
        ),
      ]);

    expect(await status('added.int')).toBe(404);
    expect(await status('stripe.int')).toBe(200);
  });

  it('change nothing when Envoy rejects them, which is told with the line that it means', async () => {
    // Of the two places where the domain stands, the second one is meant: a line below, for one is added.
    const line = text.slice(0, text.search(/\[ ?stripe\.int,/)).split('\n').length + 1;
    writeFileSync(stack.attacheConfig, withMore(block('added').replace('[added.int]', '[added.int, stripe.int]')));

    await expect
      .poll(async () => (await told()).config.problems)
      .toEqual([
        expect.stringMatching(
          new RegExp(`envoy\\.yaml:${line}:\\d+: error: Envoy does not take these routes .*stripe`),
        ),
      ]);

    await expect
      .poll(async () => (await told()).secrets.map(({ secret }) => secret).includes('prod/stripe'))
      .toBe(true);
    expect(await status('added.int')).toBe(404);
    expect(await status('stripe.int')).toBe(200);
    const versions = async () => new Set((await told()).workers.map(({ configuration }) => configuration));
    await expect.poll(async () => (await versions()).size).toBe(1);
  });

  it('stay as they are while Attaché is not there, and a new Attaché goes on with them', async () => {
    await stack.attache.stop();
    const before = (await stack.envoy.stats(/rds\.egress\.update_(success|rejected)$/)) ?? {};
    await stack.startAttache();

    await expect.poll(() => status('stripe.int')).toBe(200);
    writeFileSync(stack.attacheConfig, withMore(block('added')));
    await expect.poll(() => status('added.int')).toBe(200);
    const after = await stack.envoy.stats(/rds\.egress\.update_(success|rejected)$/);
    expect(after['http.egress.rds.egress.update_rejected']).toBe(before['http.egress.rds.egress.update_rejected']);
  });

  it('are all that is taken over: for the rest Envoy must be restarted, which is said', async () => {
    writeFileSync(stack.attacheConfig, text.replace('connect_timeout: 4s', 'connect_timeout: 5s'));

    await expect
      .poll(async () => (await told()).config.notes)
      .toEqual([expect.stringContaining('restart Envoy for cluster internet:')]);
  });
});
