import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import chromium from '@sparticuz/chromium';
import { type BrowserContext, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { privateFolder } from '../../local/guard.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { leaks, outputsOf } from './support/outputs.ts';
import { type Reply, send } from './support/send.ts';

/** Typed on the page as the value of a secret. */
const CANARY = 'canary-of-the-editor-83c1';
const SECOND = 'canary-of-the-editor-2f70';
/** Only what gives the right to edit may find its way to the terminal, and only there. */
const HOST = 'api.resend.com';

describe('the page for integrations, in a browser', () => {
  const profile = privateFolder();
  let stack: Stack;
  let browser: BrowserContext;
  let page: Page;
  let url: string;
  const mistakes: string[] = [];
  const replies: Reply[] = [];

  beforeAll(async () => {
    stack = await startStack({
      // With several workers it is the supervisor that serves the page.
      workers: 2,
      attache: { env: { ATTACHE_EDIT: 'on', ATTACHE_LOG: 'trace' } },
      upstream: { hosts: { [HOST]: (headers) => bearer(headers.authorization) } },
    });
    stack.upstream.accept(HOST, CANARY);
    url = /Set up integrations: (\S+)/.exec(stack.attache.stderr.entries.join('\n'))?.[1] ?? '';
    browser = await playwright.launchPersistentContext(profile, {
      executablePath: await chromium.executablePath(),
      // It is the rules of browsers that are looked at.
      args: chromium.args.filter((argument) => argument !== '--disable-web-security'),
    });
    page = await browser.newPage();
    // Nothing here has a time limit of its own.
    page.setDefaultTimeout(200_000);
    page.on('pageerror', (error) => mistakes.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') mistakes.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const heading = (name: RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const call = async (path = '/emails') => {
    const reply = await send(stack.port, { host: 'resend.int', path });
    replies.push(reply);
    return reply;
  };

  it('sets an integration up, has it used, edits and removes it, and shows its key nowhere', async () => {
    // The token leaves the address at once.
    await page.goto(url);
    await heading(/^Integrations$/);
    expect(page.url()).toBe(url.replace(/#.*/, '#/'));
    expect(await page.getByRole('row').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^stripe\tapi\.stripe\.com\tauthorization\tprod\/stripe fresh\t/)]),
    );

    // By the keyboard alone: an API, its secret's value, who may use it.
    await page.getByRole('link', { name: 'Set up an integration' }).press('Enter');
    await page.getByRole('combobox', { name: 'API' }).fill('resen');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('integration: resend').waitFor();
    await page.getByRole('radio', { name: 'One that exists' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByLabel('api_key').fill(`"${CANARY}"`);
    await page.getByLabel('Callers').fill('10.0.0.0/33');
    await page.getByLabel('Allowed requests').focus();
    await page.getByText('10.0.0.0/33', { exact: false }).and(page.locator('.fault')).waitFor();
    expect(await page.getByLabel('Callers').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Callers').fill('127.0.0.0/8');
    await page.getByLabel('Allowed requests').fill('GET /**');

    // Quotes belong to no key: it is refused before it is stored.
    await page.getByRole('button', { name: 'Set up' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: 'prod/resend' }).waitFor();
    await page.getByLabel('api_key').fill(CANARY);
    await page.getByRole('button', { name: 'Set up' }).press('Enter');
    await heading(/^resend is in use$/);
    expect(readFileSync(stack.attacheConfig, 'utf8')).toContain('callers: ["127.0.0.0/8"]\n');

    // The line that it shows, as it stands.
    const shown = await page.locator('.line code').allInnerTexts();
    const line = shown.find((text) => text.includes(`.localhost:${stack.port}`)) ?? '';
    expect(line).toBe(`curl http://resend.int.localhost:${stack.port}/`);
    const { stdout } = await promisify(execFile)('curl', [
      '--silent',
      '--write-out',
      ' %{http_code}',
      ...line.split(' ').slice(1),
    ]);
    expect(stdout).toMatch(/ 200$/);
    expect((await call()).status).toBe(200);
    await page.locator('.dot.fresh').waitFor();

    // Edited in place: a new value for the secret, and another rule.
    await page.getByRole('link', { name: 'All integrations' }).click();
    await page.getByRole('link', { name: 'Edit resend' }).click();
    expect(await page.getByLabel('Callers').inputValue()).toBe('127.0.0.0/8');
    await page.getByLabel('Allowed requests').fill('GET /domains/**');
    await page.locator('.row.less').filter({ hasText: 'GET /**' }).waitFor();
    await page.getByRole('radio', { name: 'A new value for one that exists' }).check();
    await page.getByLabel('api_key').fill(SECOND);
    stack.upstream.accept(HOST, SECOND);
    await page.getByRole('button', { name: 'Save' }).click();
    await heading(/^resend is in use$/);
    expect((await call('/emails')).status).toBe(403);
    expect((await call('/domains')).status).toBe(200);

    const outputs = await outputsOf(stack, replies, 'prod/resend');

    // Removed.
    await page.getByRole('link', { name: 'All integrations' }).click();
    await page.getByRole('button', { name: 'Remove resend' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('link', { name: 'Edit resend' }).waitFor({ state: 'detached' });
    expect(readFileSync(stack.attacheConfig, 'utf8')).toBe(stack.config);
    await expect.poll(async () => (await call()).status).toBe(404);

    const seen = {
      ...outputs,
      'the page': await page.content(),
      'the file': readFileSync(stack.attacheConfig, 'utf8'),
    };
    await browser.close();
    const files = Object.fromEntries(
      globSync(`${profile}/**/*`, { withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => [file.name, readFileSync(`${file.parentPath}/${file.name}`, 'latin1')]),
    );
    expect(leaks({ ...seen, ...files }, { CANARY, SECOND })).toEqual([]);
    // The places were really looked at.
    expect(outputs["Attaché's log"]).toContain('secret stored from the page');
    expect(Object.keys(files).length).toBeGreaterThan(5);
    const token = url.split('=')[1] ?? '';
    expect(
      leaks(
        { "Attaché's log": outputs["Attaché's log"] ?? '', 'the command lines': outputs['the command lines'] ?? '' },
        { token },
      ),
    ).toEqual([]);
    expect(stack.attache.stderr.entries.filter((entry) => entry.includes(token))).toHaveLength(1);
    expect(mistakes).toEqual([]);
  });
});
