import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';

describe('the status page, in a browser', () => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([
      startStack({
        edit: (document) => {
          addRoutes(document, {
            name: 'missing',
            host: 'api.openai.com',
            attache: { integration: 'missing', secret: 'prod/<b>missing</b>'.replace(/[<>]/g, '_'), bearer: '{{ . }}' },
          });
        },
      }),
      chromium.executablePath().then((executablePath) => playwright.launch({ executablePath, args: chromium.args })),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  it('shows each integration with what became of its requests, and each secret with its state', async () => {
    await send(stack.port, { host: 'stripe.int' });
    await send(stack.port, { host: 'missing.int' });
    const page = await browser.newPage();
    const mistakes: string[] = [];
    page.on('pageerror', (error) => mistakes.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') mistakes.push(message.text());
    });

    await page.goto(`http://127.0.0.1:${stack.attache.adminPort}/`);
    await page.waitForSelector('#secrets td');

    const rows = async (table: string) => await page.locator(`#${table} tbody tr`).allInnerTexts();
    expect(await page.locator('#state').innerText()).toMatch(/^Ready · up \d+ s · /);
    expect((await rows('integrations')).find((row) => row.startsWith('stripe'))?.split('\t')).toEqual([
      'stripe',
      'api.stripe.com',
      'prod/stripe',
      'authorization',
      '',
      '1',
      '',
    ]);
    expect((await rows('integrations')).find((row) => row.startsWith('missing'))).toContain('secret_unusable 1');
    expect((await rows('secrets')).find((row) => row.startsWith('prod/stripe'))).toMatch(/fresh/);
    expect((await rows('secrets')).find((row) => row.includes('missing'))).toMatch(/dead.*never.*secret_not_found/);
    expect(mistakes.filter((text) => !text.includes('favicon'))).toEqual([]);
  });

  it('says so when Attaché does not answer any more', async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${stack.attache.adminPort}/`);
    await page.waitForSelector('#secrets td');

    await stack.attache.stop();

    await expect.poll(() => page.locator('#state').innerText()).toBe('Attaché does not answer.');
    await stack.startAttache();
  });
});
