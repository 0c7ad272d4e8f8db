import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { pathOfRoutes } from '../../local/derive-envoy-config.ts';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml, type Stack, startStack } from '../../local/stack.ts';
import type { DiscoveryAnswer } from '../../src/discovery/answer.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';

const BUILD = 'spiffe://acme/agents/build';
const REVIEW = 'spiffe://acme/people/review';
const CANARY = 'canary-of-discovery-5d21';
/** Which is lighter, the text or what is behind it: the page leaves both to the browser. */
const LIGHTNESS = `(() => {
  const probe = document.body.appendChild(document.createElement('p'));
  probe.style = 'color: CanvasText; background: Canvas';
  const sum = (color) => color.match(/\\d+/g).slice(0, 3).reduce((all, part) => all + Number(part), 0);
  const { color, backgroundColor } = getComputedStyle(probe);
  probe.remove();
  return sum(color) < sum(backgroundColor) ? 'dark on light' : 'light on dark';
})()`;
const HTML = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';

describe('http://attache.int', () => {
  const folder = privateFolder();
  const config = join(folder, 'envoy.yaml');
  let stack: Stack;
  let browser: Browser;
  let ca: string;
  const identities: Record<string, { cert: string; key: string }> = {};

  beforeAll(async () => {
    const authority = await createAuthority();
    ca = authority.certificate;
    const server = await authority.issue(['attache.int', 'mail.int']);
    for (const name of [BUILD, REVIEW]) {
      const { certificate, key } = await authority.issue([name]);
      identities[name] = { cert: certificate, key };
    }
    writeFileSync(join(folder, 'server.pem'), server.certificate);
    writeFileSync(join(folder, 'server.key'), server.key);
    writeFileSync(join(folder, 'callers.pem'), ca);
    const listener = /^ {2}# (- name: egress_mtls\n(?: {2}# .*\n)+)/m;
    writeFileSync(
      config,
      readFileSync(envoyYaml, 'utf8').replace(listener, (lines) => lines.replaceAll(/^ {2}# /gm, '  ')),
    );
    [stack, browser] = await Promise.all([
      startStack({
        config,
        upstream: { hosts: { 'api.example.com': () => 'any' } },
        edit: (document) => {
          document.setIn(['node', 'metadata', 'attache', 'tags'], document.createNode({ near: ['127.0.0.2'] }));
          const host = 'api.example.com';
          addRoutes(
            document,
            {
              name: 'mail',
              host,
              attache: {
                integration: 'mail',
                secret: 'canary/of-mail',
                bearer: '{{ . }}',
                callers: ['spiffe://acme/agents/*'],
              },
            },
            {
              name: 'maps',
              host,
              attache: {
                integration: 'maps',
                secret: 'canary/of-maps',
                headers: { 'x-api-key': '{{ . }}' },
                callers: ['tag:near'],
                allow: ['GET /v1/**', 'POST /v1/customers'],
              },
            },
          );
        },
      }),
      chromium.executablePath().then((executablePath) => playwright.launch({ executablePath, args: chromium.args })),
    ]);
    stack.upstream.accept('api.example.com', 'any');
    await stack.aws.put('canary/of-mail', CANARY);
    await stack.aws.put('canary/of-maps', CANARY);
    await stack.attache.stop();
    await stack.startAttache();
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const ask = (path = '/', headers: Record<string, string> = {}) =>
    send(stack.port, { host: 'attache.int', path, headers });

  /** The same from another address of this machine. */
  const fromNear = (host: string, path = '/') =>
    send(stack.port, { host, path, agent: new Agent({ localAddress: '127.0.0.2' }) });

  /** The same over TLS, with this certificate. */
  function askAs(name: string): Promise<DiscoveryAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: stack.envoy.ports.get('egress_mtls'),
          headers: { host: 'attache.int:8443' },
          servername: 'attache.int',
          ca,
          agent: false,
          signal: AbortSignal.timeout(60_000),
          ...identities[name],
        },
        (incoming) => {
          incoming.setEncoding('utf8');
          let text = '';
          incoming.on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('end', () => resolve(JSON.parse(text)));
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  const names = ({ integrations }: DiscoveryAnswer) => integrations.map(({ name }) => name);

  it('tells callers with different addresses what each may use', async () => {
    const anybody = (await ask()).json<DiscoveryAnswer>();
    const near = (await fromNear('attache.int:8080')).json<DiscoveryAnswer>();

    expect(names(anybody)).toEqual(['anthropic', 'openai', 'stripe']);
    expect(anybody.caller).toEqual({ name: '127.0.0.1', knownBy: ['address'], address: '127.0.0.1' });
    expect(names(near)).toEqual(['anthropic', 'maps', 'openai', 'stripe']);
    expect(near.integrations.find(({ name }) => name === 'maps')).toEqual({
      name: 'maps',
      baseUrls: ['http://maps.int:8080'],
      host: 'api.example.com',
      allow: ['GET /v1/**', 'POST /v1/customers'],
      authentication: [{ kind: 'headers', sets: ['x-api-key'] }],
      redacted: false,
      allowedBy: 'tag:near',
    });
  });

  it('tells callers with different certificates what each may use, under the scheme by which they came', async () => {
    const [build, review] = await Promise.all([askAs(BUILD), askAs(REVIEW)]);

    expect(names(build)).toEqual(['anthropic', 'mail', 'openai', 'stripe']);
    expect(build.caller).toMatchObject({ name: BUILD, knownBy: ['certificate', 'address'] });
    expect(build.integrations.find(({ name }) => name === 'mail')).toMatchObject({
      baseUrls: ['https://mail.int:8443'],
      allowedBy: 'spiffe://acme/agents/*',
    });
    expect(names(review)).toEqual(['anthropic', 'openai', 'stripe']);
    expect(review.caller.name).toBe(REVIEW);
  });

  it('believes nothing that a caller says of itself', async () => {
    const { caller, integrations } = (
      await ask('/', {
        'x-forwarded-for': '127.0.0.2',
        forwarded: 'for=127.0.0.2',
        'x-forwarded-client-cert': `URI=${BUILD}`,
        'x-attache-caller': BUILD,
      })
    ).json<DiscoveryAnswer>();

    expect(caller.name).toBe('127.0.0.1');
    expect(names({ integrations } as DiscoveryAnswer)).toEqual(['anthropic', 'openai', 'stripe']);
  });

  it('lists what works, and nothing that does not', async () => {
    const listed = names((await fromNear('attache.int')).json());

    for (const name of ['anthropic', 'mail', 'maps', 'openai', 'stripe']) {
      const { status, headers } = await fromNear(`${name}.int`, '/v1/x');
      expect({ name, status }).toEqual({ name, status: listed.includes(name) ? 200 : 403 });
      if (status === 403) expect(headers['x-attache-error']).toBe('caller_not_allowed');
    }
  });

  it('is named by refusals', async () => {
    const caller = await send(stack.port, { host: 'mail.int' });
    const rule = await fromNear('maps.int', '/v2/x');

    expect(caller.json<{ error: object }>().error).toMatchObject({
      code: 'caller_not_allowed',
      message: expect.stringMatching(/ http:\/\/attache\.int tells what you may use\.$/),
    });
    expect(rule.json<{ error: object }>().error).toMatchObject({
      code: 'request_not_allowed',
      message: expect.stringMatching(/ http:\/\/attache\.int tells what you may use\.$/),
    });
  });

  it('answers HEAD without a body, other methods with 405 and other paths with 404', async () => {
    const [get, head] = [await ask(), await send(stack.port, { host: 'attache.int', method: 'HEAD' })];
    const post = await send(stack.port, { host: 'attache.int', body: 'x'.repeat(100_000) });
    const other = await ask('/v1/customers');

    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(get.headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'accept',
      'content-type': 'application/json',
    });
    expect(post).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(other.json<{ error: { message: string } }>().error.message).toContain('Ask for /');
    expect(other.status).toBe(404);
  });

  it('is not answered with a key, and forwards nothing', async () => {
    stack.upstream.requests.entries.length = 0;

    for (const path of ['/', '/v1/customers', '/?page=9']) await ask(path, { authorization: 'Bearer mine' });
    await send(stack.port, { host: 'attache.int', body: 'x' });

    expect(stack.upstream.requests.entries).toEqual([]);
  });

  it('is no denial to counts and logs', async () => {
    const { headers } = await ask('/?page=1', { 'user-agent': 'audited' });

    const line = await stack.envoy.accessLog.find(
      ({ host, why }) => host === 'attache.int' && why === 'attache_discovery',
    );
    expect(line).toMatchObject({ attache: { about: 'discovery' } });
    expect(headers).not.toHaveProperty('x-attache-error');
    expect(await (await stack.attache.admin('/metrics')).text()).toMatch(
      /attache_requests_total\{integration="",outcome="discovery".*\} [1-9]/,
    );
    expect(stack.attache.log.entries.filter((entry) => entry.includes('discovery'))).toEqual([]);
  });

  it('shows neither a secret nor its name', async () => {
    const replies = [await ask(), await ask('/', { accept: HTML }), await fromNear('attache.int'), await ask('/x')];
    const text = [...replies.map((reply) => reply.text), JSON.stringify(await askAs(BUILD))].join('\n');

    expect(text).toContain('maps');
    expect(text).not.toMatch(/canary|prod\/|{{/);
    for (const key of Object.values(stack.keys)) expect(text).not.toContain(key);
  });

  it.each([
    ['light', { width: 1200, height: 900 }],
    ['dark', { width: 375, height: 800 }],
  ] as const)('is a page in a browser, %s', async (colorScheme, viewport) => {
    const page = await browser.newPage({ colorScheme, viewport });
    const mistakes: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') mistakes.push(message.text());
    });
    await page.goto(`http://attache.int.localhost:${stack.port}/`);

    expect(await page.locator('h1').innerText()).toBe('What you may use');
    expect(await page.locator('article h2').allInnerTexts()).toEqual([
      expect.stringMatching(/^anthropic\s+api\.anthropic\.com$/),
      expect.stringMatching(/^openai\s+api\.openai\.com$/),
      expect.stringMatching(/^stripe\s+api\.stripe\.com$/),
    ]);
    expect(await page.locator('#stripe pre').first().innerText()).toBe(
      `curl http://stripe.int.localhost:${stack.port}/`,
    );
    expect(await page.locator('#stripe pre').last().innerText()).toContain('stripe.api_base = "http://stripe.int');
    expect(await page.locator('#stripe dl').innerText()).toContain('basic → authorization');
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    const lightness = await page.evaluate(LIGHTNESS);
    expect(overflow).toBe(0);
    expect(lightness).toBe(colorScheme === 'light' ? 'dark on light' : 'light on dark');
    expect(mistakes.filter((text) => !text.includes('404'))).toEqual([]);
    const folder = process.env.ATTACHE_SCREENSHOTS;
    if (folder !== undefined)
      await page.screenshot({ path: join(folder, `discovery-${colorScheme}.png`), fullPage: true });
  });

  it('is closed while Attaché is not there', async () => {
    await stack.attache.stop();

    const reply = await ask();

    expect(reply.status).toBe(503);
    expect(reply.headers['x-attache-error']).toBe('attache_unavailable');
    await stack.startAttache();
    await expect.poll(async () => (await ask()).status).toBe(200);
  });
});

describe('http://attache.int where the filter for discovery is off', () => {
  it('is closed', async () => {
    await using stack = await startStack({
      edit: (document) => {
        const route = [...pathOfRoutes, 'virtual_hosts', 0, 'routes', 0];
        expect(document.getIn([...route, 'direct_response', 'status'])).toBe(503);
        document.deleteIn([...route, 'typed_per_filter_config']);
      },
    });

    const reply = await send(stack.port, { host: 'attache.int' });

    expect(reply.status).toBe(503);
    expect(stack.upstream.requests.entries).toEqual([]);
  });
});
