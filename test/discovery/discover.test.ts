import { describe, expect, it, vi } from 'vitest';
import { CallerPolicy } from '../../src/callers/caller-policy.ts';
import type { InstanceTags } from '../../src/callers/instance-tags.ts';
import { LookupError } from '../../src/callers/lookup-error.ts';
import { decide } from '../../src/decide.ts';
import type { DiscoveryAnswer } from '../../src/discovery/answer.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';
import { SecretStore } from '../../src/secrets/secret-store.ts';
import { caller } from '../callers/support.ts';
import { noTokens } from '../credentials/support.ts';
import { answered, catalogueOf, question, virtualHost } from './support.ts';

const bearer = { bearer: '{{ api_key }}' };
const catalogue = catalogueOf(
  [
    virtualHost('stripe', { basic: { username: '{{ api_key }}' }, allow: ['GET /v1/**', 'POST /v1/customers'] }),
    virtualHost('mail', { ...bearer, callers: ['tag:agents'], redact: true }),
    virtualHost('maps', { query: { key: '{{ . }}' }, headers: { 'x-maps': '{{ . }}' }, callers: ['spiffe://acme/*'] }),
  ],
  { tags: { agents: ['10.2.0.0/16'] }, discovery: 'http://attache.int' },
);

const names = ({ integrations }: DiscoveryAnswer) => integrations.map(({ name }) => name);

describe('an answer about what a caller may use', () => {
  it('says everything that a caller needs of an integration, and nothing of its secret', async () => {
    const { status, headers, body, json } = await answered(catalogue);

    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
    expect(json()).toEqual({
      caller: { name: '10.1.2.3', knownBy: ['address'], address: '10.1.2.3' },
      integrations: [
        {
          name: 'stripe',
          baseUrls: ['http://stripe.int'],
          host: 'api.stripe.example',
          allow: ['GET /v1/**', 'POST /v1/customers'],
          authentication: [{ kind: 'basic', sets: ['authorization'] }],
          redacted: false,
          allowedBy: 'anyone',
        },
      ],
      complete: true,
      notes: [],
      page: 1,
      pages: 1,
    });
    expect(body).not.toMatch(/held|api_key/);
  });

  it('says how names are found, to who asks on the machine of Envoy', async () => {
    const asked = async (authority: string, scheme = 'http', accept = '*/*') =>
      answered(catalogue, question({ authority }, { ':scheme': scheme, accept }));
    const line = 'export http_proxy=http://127.0.0.1:8080 no_proxy=localhost,127.0.0.1 NODE_USE_ENV_PROXY=1';

    expect((await asked('attache.int.localhost:8080')).json().findsNames).toBe(line);
    expect((await asked('attache.int.localhost')).json().findsNames).toBe(line.replace(':8080', ''));
    expect((await asked('attache.int.localhost:8080', 'http', 'text/html')).body).toContain(`<code>${line}</code>`);
    expect((await asked('attache.int:8080')).json()).not.toHaveProperty('findsNames');
    expect((await asked('attache.int.localhost:8080', 'https')).json()).not.toHaveProperty('findsNames');
  });

  it('lists by the rules that requests are judged by, and names the rule', async () => {
    const tagged = (await answered(catalogue, question({ caller: caller({ address: '10.2.0.9' }) }))).json();
    const both = caller({ address: '192.0.2.1', uriSan: 'spiffe://acme/build' });
    const certified = (await answered(catalogue, question({ caller: both }))).json();

    expect(names(tagged)).toEqual(['mail', 'stripe']);
    expect(tagged.integrations[0]).toMatchObject({ allowedBy: 'tag:agents', redacted: true, allow: ['* /**'] });
    expect(names(certified)).toEqual(['maps', 'stripe']);
    expect(certified.integrations[0]).toMatchObject({
      allowedBy: 'spiffe://acme/*',
      authentication: [
        { kind: 'query', sets: ['query key'] },
        { kind: 'headers', sets: ['x-maps'] },
      ],
    });
    expect(certified.caller).toEqual({
      name: 'spiffe://acme/build',
      knownBy: ['certificate', 'address'],
      certificate: 'spiffe://acme/build',
      address: '192.0.2.1',
    });
  });

  it('lists what is open to all to a caller of whom nothing is known, and says so', async () => {
    const { integrations, notes } = (await answered(catalogue, question({ caller: caller({}) }))).json();

    expect(names({ integrations } as DiscoveryAnswer)).toEqual(['stripe']);
    expect(notes).toEqual([expect.stringContaining('nothing about who you are')]);
  });

  it('tells of EC2 tags with the instance, and of a look-up that failed', async () => {
    const found: InstanceTags = { ownerOf: async () => ({ instance: 'i-1', tags: new Set(['agents']) }) };
    const failed: InstanceTags = { ownerOf: () => Promise.reject(new LookupError('10.1.2.3', 'throttled', '')) };

    const known = (await answered(catalogue, question(), found)).json();
    const unknown = (await answered(catalogue, question(), failed)).json();

    expect(known.integrations[0]).toMatchObject({ name: 'mail', allowedBy: 'tag:agents', instance: 'i-1' });
    expect({ names: names(unknown), complete: unknown.complete }).toEqual({ names: ['stripe'], complete: false });
    expect(unknown.notes).toEqual([expect.stringContaining('EC2 throttles')]);
  });

  it('says that nothing is open where nothing is', async () => {
    const closed = catalogueOf([virtualHost('mail', { ...bearer, callers: ['10.9.9.9'] })]);

    expect((await answered(closed)).json()).toMatchObject({
      integrations: [],
      notes: [expect.stringContaining('Nothing is open to you')],
    });
  });

  it('says that it cannot tell the addresses where the file has no routes', async () => {
    const list = parseCatalogue(
      'list.yaml',
      'integrations:\n- { integration: api, host: api.example.com, secret: prod/api, bearer: "{{ . }}" }\n',
    );

    const { integrations, notes } = (await answered(list.catalogue)).json();

    expect(integrations[0]).toMatchObject({ name: 'api', baseUrls: [], host: 'api.example.com' });
    expect(notes).toEqual([expect.stringContaining('cannot tell the addresses')]);
  });

  it.each([
    [{ accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }, 'text/html; charset=utf-8'],
    [{ accept: '*/*' }, 'application/json'],
    [{ accept: 'application/json, text/html' }, 'application/json'],
    [{ accept: 'text/html;q=0.1, application/json' }, 'application/json'],
    [{ accept: 'text/html;q=0' }, 'application/json'],
    [{}, 'application/json'],
  ])('to %j is %s', async (headers, type) => {
    expect((await answered(catalogue, question({}, headers))).headers['content-type']).toBe(type);
  });

  it.each([
    ['GET', '/other', 404],
    ['GET', '//', 404],
    ['GET', '', 404],
    ['OPTIONS', '*', 404],
    ['POST', '/', 405],
    ['DELETE', '/?page=1', 405],
    ['GET', '/?page=2', 404],
    ['GET', '/?page=0', 404],
    ['GET', '/?page=x', 404],
    ['GET', '/?page=1&other=%', 200],
    ['HEAD', '/', 200],
  ])('to %s %s has status %i', async (method, path, status) => {
    const reply = await answered(catalogue, question({ method, path }));

    expect(reply.status).toBe(status);
    if (status === 405) expect(reply.headers.allow).toBe('GET, HEAD');
    if (status !== 200) expect(reply.json().error.message).toBeTruthy();
  });

  it('comes in pages when there is much of it, each integration on one of them', async () => {
    const many = catalogueOf(
      Array.from({ length: 1_000 }, (_, index) =>
        virtualHost(`api-${String(index).padStart(4, '0')}`, {
          ...bearer,
          allow: ['GET /v1/things/**', 'POST /v1/things', 'GET /v2/**', 'PUT /v1/things/*/parts/*'],
        }),
      ),
    );
    const seen: string[] = [];
    let next: string | undefined = '/';
    while (next !== undefined) {
      const { body, json } = await answered(many, question({ path: next }));
      const page: DiscoveryAnswer = json();
      expect(body.length).toBeLessThan(512 * 1_024);
      seen.push(...names(page));
      next = page.next;
    }

    expect(seen).toEqual([...many].map(({ name }) => name).sort());
    expect(seen).toHaveLength(1_000);
  });
});

describe('a question about what may be used', () => {
  const freshness = { refreshAfter: 60_000, maxStale: 3_600_000 };

  it.each([
    ['names an integration', { integration: 'stripe', attempt: 1, authority: 'api.stripe.example' }],
    ['says nothing else', {}],
  ])('is never answered with a credential, also when it %s', async (_, facts) => {
    const fetch = () => Promise.reject(new Error('no secret is read for it'));
    const secrets = new SecretStore({ fetch }, freshness, () => undefined);
    const holdings = { catalogue, secrets, tokens: noTokens(), instances: undefined, fetchDeadline: 200 };

    const decision = await decide(question(facts), holdings);
    const otherwise = await decide(question({ ...facts, integration: undefined, isDiscovery: false }), holdings);
    secrets.close();

    expect(decision).toMatchObject({ kind: 'reply', about: 'discovery' });
    expect(otherwise).toMatchObject({ kind: 'deny', code: 'no_integration' });
  });
});

describe('what is told of many integrations', () => {
  const rules = [['10.0.0.0/8'], ['10.1.0.0/16', 'spiffe://acme/a'], ['192.0.2.0/24']];
  const many = catalogueOf(
    Array.from({ length: 300 }, (_, index) =>
      virtualHost(`v${index}`, { bearer: '{{ . }}', callers: rules[index % 3] }),
    ),
  );
  const at = (address: string, authority: string, headers = {}) =>
    question({ caller: caller({ address }), authority }, headers);

  it('is decided once for all that have the same rules', async () => {
    const decided = vi.spyOn(CallerPolicy.prototype, 'decide');

    const { integrations } = (await answered(many)).json();
    const times = decided.mock.calls.length;
    decided.mockRestore();

    expect(integrations).toHaveLength(200);
    expect(times).toBe(3);
  });

  it('is the same for all who may use the same, but for who they are and where they have asked', async () => {
    const first = (await answered(many, at('10.1.2.3', 'attache.int:8080'))).json();
    const second = (await answered(many, at('10.1.9.9', 'attache.int:81', { ':scheme': 'https' }))).json();
    const third = (await answered(many, at('192.0.2.7', 'attache.int'))).json();

    expect(first.caller).toEqual({ name: '10.1.2.3', knownBy: ['address'], address: '10.1.2.3' });
    expect(second.caller).toEqual({ name: '10.1.9.9', knownBy: ['address'], address: '10.1.9.9' });
    expect(first.integrations[0].baseUrls).toEqual(['http://v0.int:8080']);
    expect(second.integrations[0].baseUrls).toEqual(['https://v0.int:81']);
    expect(second.integrations.map(({ name }: { name: string }) => name)).toEqual(
      first.integrations.map(({ name }: { name: string }) => name),
    );
    expect(third.integrations).toHaveLength(100);
    expect(third.integrations[0].baseUrls).toEqual(['http://v101.int']);
  });

  it('escapes the name of each caller anew on the page', async () => {
    const odd = question({ caller: caller({ uriSan: 'spiffe://acme/a' }) }, { accept: 'text/html' });
    const page = await answered(many, odd);
    const other = await answered(many, at('10.1.2.3', 'attache.int', { accept: 'text/html' }));

    expect(page.body).toContain('You are <b>spiffe://acme/a</b>');
    expect(other.body).toContain('You are <b>10.1.2.3</b>');
    expect(other.body).not.toContain('spiffe://acme/a</b>');
  });
});
