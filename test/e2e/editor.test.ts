import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import chromium from '@sparticuz/chromium';
import { type BrowserContext, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { privateFolder } from '../../local/guard.ts';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { leaks, outputsOf } from './support/outputs.ts';
import { type Reply, send } from './support/send.ts';

/** What is typed on the page as the value of a secret. */
const CANARY = 'canary-of-the-editor-83c1';
const SECOND = 'canary-of-the-editor-2f70';
const HOST = 'api.resend.com';

describe('the page for integrations, in a browser', () => {
  let stack: Stack;
  let url: string;

  beforeAll(async () => {
    stack = await startStack({
      // With several workers it is the supervisor that serves the page.
      workers: 2,
      attache: { env: { ATTACHE_EDIT: 'on', ATTACHE_LOG: 'trace' } },
      upstream: { hosts: { [HOST]: (headers) => bearer(headers.authorization) } },
    });
    url = /Set up integrations: (\S+)/.exec(stack.attache.stderr.entries.join('\n'))?.[1] ?? '';
  });
  afterAll(() => stack?.stop());

  /** A browser with all its rules, that keeps its history, caches and forms in a folder. */
  async function open(folder = privateFolder()): Promise<BrowserContext> {
    const browser = await playwright.launchPersistentContext(folder, {
      executablePath: await chromium.executablePath(),
      args: chromium.args.filter((argument) => argument !== '--disable-web-security'),
      timeout: 0,
    });
    // No step has a time limit of its own.
    browser.setDefaultTimeout(0);
    return browser;
  }

  it('sets an integration up, has it used, edits and removes it, and shows its key nowhere', async () => {
    const profile = privateFolder();
    const browser = await open(profile);
    const page = await browser.newPage();
    const mistakes: string[] = [];
    page.on('pageerror', (error) => mistakes.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') mistakes.push(message.text());
    });
    const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    const replies: Reply[] = [];
    const call = async (path: string) => {
      const reply = await send(stack.port, { host: 'resend.int', path });
      replies.push(reply);
      return reply.status;
    };
    stack.upstream.accept(HOST, CANARY);

    // The token leaves the address at once.
    await page.goto(url);
    await heading('Integrations');
    expect(page.url()).toBe(url.replace(/#.*/, '#/'));
    expect(await page.getByRole('row', { name: 'stripe' }).innerText()).toMatch(
      /api\.stripe\.com[\s\S]*prod\/stripe fresh/,
    );

    // By the keyboard alone: an API, its secret's value, who may use it.
    await page.getByRole('link', { name: 'Set up an integration' }).press('Enter');
    await page.getByRole('combobox', { name: 'API' }).fill('resen');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('integration: resend').waitFor();
    await page.getByRole('radio', { name: 'One that exists', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByLabel('api_key').fill(`"${CANARY}"`);
    await page.getByLabel('Callers').fill('10.0.0.0/33');
    await page.getByLabel('Allowed requests').fill('GET /**');
    await page.locator('.fault').filter({ hasText: '/33 is no prefix length' }).waitFor();
    expect(await page.getByLabel('Callers').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Callers').fill('127.0.0.0/8');

    // No key has quotes around it: it is refused before it is stored.
    await page.getByRole('button', { name: 'Set up' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: 'prod/resend' }).waitFor();
    await page.getByLabel('api_key').fill(CANARY);
    await page.getByRole('button', { name: 'Set up' }).press('Enter');
    await heading('resend is in use');
    expect(readFileSync(stack.attacheConfig, 'utf8')).toContain('callers: ["127.0.0.0/8"]\n');

    // The line that it shows, as it stands.
    const line = await page.locator('.line code').filter({ hasText: '.localhost' }).first().innerText();
    expect(line).toBe(`curl http://resend.int.localhost:${stack.port}/`);
    const given = ['--silent', '--noproxy', '*', '--write-out', ' %{http_code}', ...line.split(' ').slice(1)];
    expect((await promisify(execFile)('curl', given)).stdout).toMatch(/ 200$/);
    expect(await call('/emails')).toBe(200);
    await page.locator('.dot.fresh').waitFor();

    // Edited in place: another rule, and a new value for the secret.
    await page.getByRole('link', { name: 'All integrations' }).click();
    await page.getByRole('link', { name: 'Edit resend' }).click();
    await page.getByLabel('Allowed requests').fill('GET /domains/**');
    expect(await page.getByLabel('Callers').inputValue()).toBe('127.0.0.0/8');
    await page.locator('.row.less').filter({ hasText: 'GET /**' }).waitFor();
    await page.getByRole('radio', { name: 'A new value for one that exists' }).check();
    await page.getByLabel('api_key').fill(SECOND);
    stack.upstream.accept(HOST, SECOND);
    await page.getByRole('button', { name: 'Save' }).click();
    await heading('resend is in use');
    expect(await call('/emails')).toBe(403);
    expect(await call('/domains/a')).toBe(200);
    const outputs = await outputsOf(stack, replies, 'prod/resend');

    // Removed.
    await page.getByRole('link', { name: 'All integrations' }).click();
    await page.getByRole('button', { name: 'Remove resend' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('link', { name: 'Edit resend' }).waitFor({ state: 'detached' });
    const file = readFileSync(stack.attacheConfig, 'utf8');
    expect(file).toBe(stack.config);
    await expect.poll(() => call('/domains/a')).toBe(404);

    const shown = await page.content();
    await browser.close();
    const kept = globSync(`${profile}/**/*`, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(`${entry.parentPath}/${entry.name}`, 'latin1')]);
    const answers = replies.map(({ text }) => text).join('\n');
    const seen = {
      ...outputs,
      ...Object.fromEntries(kept),
      'the page': shown,
      'the file': file,
      'what callers got': answers,
    };
    expect(leaks(seen, { CANARY, SECOND })).toEqual([]);
    // The places were really looked at.
    expect(outputs["Attaché's log"]).toContain('secret stored from the page');
    expect(kept.length).toBeGreaterThan(0);

    const token = url.split('=')[1] ?? '';
    expect(leaks(outputs, { token })).toEqual(["token in Attaché's standard error"]);
    expect(stack.attache.stderr.entries.filter((entry) => entry.includes(token))).toHaveLength(1);
    expect(mistakes).toEqual([]);
  });

  it('shows and changes nothing for a tab without the token, or a page of another site', async () => {
    const [origin, port] = [new URL(url).origin, await freePort()];
    const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>hello'));
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    const browser = await open();
    const before = readFileSync(stack.attacheConfig, 'utf8');
    try {
      const tab = await browser.newPage();
      await tab.goto(`${origin}/edit#/edit/stripe`);
      await tab.getByRole('heading', { name: 'Open this page again' }).waitFor();
      expect(await tab.content()).not.toContain('stripe.com');

      await tab.goto(`http://127.0.0.1:${port}/`);
      const token = url.split('=')[1];
      // Even with the token: a browser asks first whether another site may, and is not told so.
      const asked = await tab.evaluate(
        async ([to, bearer]) => {
          const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
          const body = JSON.stringify({ kind: 'remove', name: 'stripe' });
          const one = await fetch(`${to}/edit/api/write`, { method: 'POST', headers, body }).catch(() => 'refused');
          const other = await fetch(`${to}/edit/api/integrations`, { headers }).catch(() => 'refused');
          return [one, other];
        },
        [origin, token],
      );
      expect(asked).toEqual(['refused', 'refused']);
      await tab.setContent(
        `<form method="post" enctype="text/plain" action="${origin}/edit/api/write"><input name='{"kind":"remove","name":"stripe","version":"' value='"}'><button>Go</button></form>`,
      );
      await tab.getByRole('button').click();
      await tab.getByText('origin_not_allowed').waitFor();
      expect(readFileSync(stack.attacheConfig, 'utf8')).toBe(before);
    } finally {
      await browser.close();
      stranger.close();
    }
  });
});
