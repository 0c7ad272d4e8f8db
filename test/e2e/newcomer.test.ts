import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attacheAdd } from '../newcomer/attache-add.ts';
import { firstLineOf, lineOf } from '../newcomer/lines.ts';
import { npmStart, type Started } from '../newcomer/npm-start.ts';
import { openShell } from '../newcomer/shell.ts';

/** Programs without packages that print the status of a URL, each by another HTTP client. */
const CLIENTS: readonly (readonly [client: string, command: (url: string) => string])[] = [
  ['curl', (url) => `curl -sS -o /dev/null -w '%{http_code}' ${url}`],
  ['urllib of Python', (url) => `python3 -c 'import urllib.request as it; print(it.urlopen("${url}").status)'`],
  ["Node's fetch", (url) => `node -e 'fetch("${url}").then(({ status }) => console.log(status))'`],
  ["Node's http", (url) => `node -e 'http.get("${url}", (it) => { console.log(it.statusCode); it.resume(); })'`],
];

describe('npm start, and what it says can be typed in another terminal', () => {
  let added: { config: string; typed: readonly string[] };
  let started: Started;

  beforeAll(async () => {
    added = await attacheAdd(['openai', '--name', 'models', '--secret', 'prod/openai']);
    started = await npmStart(added.config);
  });
  afterAll(() => started?.[Symbol.asyncDispose]());

  it('works: each line of curl', async () => {
    const lines = started.typed.filter((line) => line.startsWith('curl '));

    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const printed = await openShell().type(`${line} -sS -w ' %{http_code}'`);

      expect(printed, line).toMatch(/ 200$/);
    }
  });

  it.each(CLIENTS)('works: the line for libraries, with %s', async (_, command) => {
    const { type } = openShell();
    const first = firstLineOf(started.typed);

    const printed = await type(first, command('http://stripe.int/v1/customers'));
    const base = await type(lineOf(started.typed, 'openai for Python'), 'echo $OPENAI_BASE_URL');
    const throughVariable = await type(first, command(`${base}/models`));

    expect(printed).toBe('200');
    expect({ base, throughVariable }).toEqual({ base: 'http://openai.int/v1', throughVariable: '200' });
  });

  it.each(CLIENTS)('works: what attache add has printed, with %s', async (_, command) => {
    const port = /127\.0\.0\.1:(\d+)/.exec(firstLineOf(started.typed))?.[1] ?? '';
    // Where 8080 is taken, npm start says another one.
    const first = firstLineOf(added.typed).replace(':8080', `:${port}`);

    expect(firstLineOf(added.typed)).toContain('http_proxy=http://127.0.0.1:8080 ');
    expect(lineOf(added.typed, 'openai for Python')).toContain('=http://models.int/v1 ');
    expect(await openShell().type(first, command('http://models.int/v1/models'))).toBe('200');
  });

  it('works: what attache.int says, which is the same', async () => {
    const { type } = openShell();
    const curl = started.typed.find((line) => line.startsWith('curl http://attache.int')) ?? '';

    const told = JSON.parse(await type(`${curl} -sS`));
    const named = JSON.parse(await type(told.findsNames, 'curl -sS http://attache.int/'));

    const libraries = (answer: typeof told) =>
      answer.integrations.find(({ name }: { name: string }) => name === 'stripe').libraries;
    expect(told.findsNames).toBe(firstLineOf(started.typed));
    expect(libraries(told)).toEqual(libraries(named));
    expect(started.typed).toEqual(expect.arrayContaining(libraries(told)));
  });

  it('leads nowhere else', async () => {
    const { type } = openShell();

    const other = await type(firstLineOf(started.typed), 'curl -sS http://api.stripe.com/v1/customers');
    const own = await type(firstLineOf(started.typed), `${CLIENTS[1]?.[1]('http://127.0.0.1:1')} 2>&1 || true`);

    expect(JSON.parse(other).error.code).toBe('unknown_host');
    expect(own).toContain('refused');
  });
});
