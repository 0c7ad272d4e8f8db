import { readFileSync, writeFileSync } from 'node:fs';
import { type ClientRequest, createServer, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessLogEntry } from '../../local/access-log.ts';
import { seed } from '../../local/aws.ts';
import { type EnvoyDocument, pathOfCluster, pathOfHttp } from '../../local/derive-envoy-config.ts';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';
import { type CallerListeners, type ClientIdentity, callerListeners } from './support/caller-listeners.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';

const HOST = 'api.example';
/** An address of which a proxy speaks that the listener trusts; EC2 is asked about no loopback address. */
const INSTANCE = '10.9.8.7';
const AGENT = 'spiffe://acme/agents/build';

/** A kind of request, and what its line in the audit record must say besides who, when and what. */
interface Kind {
  readonly name: string;
  /** The first label of the host that is called. */
  readonly route: string;
  readonly method?: string;
  readonly from?: string;
  readonly by?: 'certificate' | 'token';
  /** Whom X-Forwarded-For names. */
  readonly behindProxyFrom?: string;
  /** The client hangs up before the answer. */
  readonly aborts?: true;
  /** The status that the caller sees; 0 for none. */
  readonly status: number;
  readonly line: Readonly<Record<string, unknown>>;
}

const sent = (caller?: string, more: object = {}) => ({
  why: 'via_upstream',
  caller_uri: null,
  caller_sub: null,
  attempts: 1,
  attache_us: expect.stringMatching(/^\d+$/),
  attache: {
    decision: 'injected',
    secret: 'prod/stripe',
    version: expect.stringMatching(/^[\w-]{8}$/),
    tried: [expect.any(String)],
    integration: expect.any(String),
    ...(caller === undefined ? {} : { caller }),
  },
  upstream_ms: expect.any(Number),
  ...more,
});
const denied = (code: string, more: object = {}, line: object = {}) => ({
  why: `attache_${code}`,
  upstream_ms: null,
  caller_uri: null,
  caller_sub: null,
  attache: { decision: 'denied', code, caller: '127.0.0.1', ...more },
  ...line,
});
const of = (integration: string, more: object = {}) => ({ integration, ...more });
const about = (integration: string, secret: string, reason: string) => ({ integration, secret, reason });

const KINDS: readonly Kind[] = [
  { name: 'allowed-anyone', route: 'any', status: 200, line: sent() },
  {
    name: 'allowed-network',
    route: 'by-network',
    from: '127.0.1.5',
    status: 200,
    line: sent('127.0.1.0/24', { caller: '127.0.1.5' }),
  },
  {
    name: 'allowed-tag',
    route: 'by-tag',
    from: '127.0.1.5',
    status: 200,
    line: sent('tag:agents', { caller: '127.0.1.5' }),
  },
  {
    name: 'allowed-certificate',
    route: 'by-uri',
    by: 'certificate',
    status: 200,
    line: sent('spiffe://acme/agents/*', { caller_uri: AGENT }),
  },
  {
    name: 'allowed-claim',
    route: 'by-claim',
    by: 'token',
    status: 200,
    line: sent('claim:groups=agents', { caller_sub: 'alice' }),
  },
  { name: 'denied-network', route: 'by-network', status: 403, line: denied('caller_not_allowed', of('by-network')) },
  {
    name: 'denied-certificate',
    route: 'by-network',
    by: 'certificate',
    status: 403,
    line: denied('caller_not_allowed', of('by-network', { caller: AGENT }), { caller_uri: AGENT }),
  },
  { name: 'denied-claim', route: 'by-claim', status: 403, line: denied('caller_not_allowed', of('by-claim')) },
  { name: 'denied-path', route: 'ruled', status: 403, line: denied('request_not_allowed', of('ruled')) },
  { name: 'denied-trace', route: 'any', method: 'TRACE', status: 403, line: denied('request_not_allowed', of('any')) },
  { name: 'denied-host', route: 'moved', status: 403, line: denied('host_mismatch', of('moved')) },
  { name: 'denied-unknown', route: 'unknown', status: 500, line: denied('unknown_integration', of('unknown')) },
  { name: 'denied-nameless', route: 'nameless', status: 500, line: denied('no_integration') },
  { name: 'denied-attempt', route: 'no-attempt', status: 500, line: denied('no_attempt_count', of('no-attempt')) },
  { name: 'denied-body', route: 'signing', method: 'POST', status: 500, line: denied('no_body', of('signing')) },
  {
    name: 'denied-lookup',
    route: 'by-instance',
    behindProxyFrom: INSTANCE,
    status: 503,
    line: denied('caller_unknown', of('by-instance', { reason: 'network', caller: INSTANCE })),
  },
  {
    name: 'denied-missing',
    route: 'missing',
    status: 502,
    line: denied('secret_unusable', about('missing', 'prod/missing', 'secret_not_found')),
  },
  {
    name: 'denied-field',
    route: 'no-field',
    status: 502,
    line: denied('secret_unusable', about('no-field', 'prod/stripe', 'unusable_value')),
  },
  {
    name: 'denied-away',
    route: 'away',
    status: 503,
    line: denied('secret_unavailable', about('away', 'prod/away', 'aws_error')),
  },
  {
    name: 'denied-token',
    route: 'token-refused',
    status: 502,
    line: denied('token_refused', about('token-refused', 'prod/client', 'refused')),
  },
  {
    name: 'denied-issuer',
    route: 'token-away',
    status: 503,
    line: denied('token_unavailable', about('token-away', 'prod/client', 'endpoint_unreachable')),
  },
  ...[500, 429].map((status) => {
    const attache = expect.objectContaining({ decision: 'injected', answer: status });
    return { name: `upstream-${status}`, route: 'any', status, line: sent(undefined, { attache }) };
  }),
  {
    name: 'upstream-cut',
    route: 'any',
    status: 503,
    // It is a GET, and sent again.
    line: sent(undefined, {
      why: expect.stringContaining('upstream_reset'),
      upstream_ms: null,
      attempts: 4,
      attache: expect.objectContaining({ decision: 'injected', answers: [0, 0, 0] }),
    }),
  },
  {
    name: 'retried',
    route: 'any',
    status: 200,
    line: sent(undefined, { attempts: 2, attache: expect.objectContaining({ decision: 'injected' }) }),
  },
  {
    name: 'client-aborts',
    route: 'any',
    aborts: true,
    status: 0,
    line: sent(undefined, { why: 'downstream_remote_disconnect', upstream_ms: null }),
  },
  { name: 'no-route', route: 'nowhere', status: 404, line: { why: 'route_not_found', attache: null, attempts: 0 } },
];

/** What happens while Attaché is away. */
const UNAVAILABLE: Kind = {
  name: 'attache-away',
  route: 'any',
  status: 503,
  line: { why: expect.stringMatching(/^ext_proc_error/), attache: null, upstream_ms: null },
};

/** While its key rotates: how often it is tried depends on the moment. */
const ROTATED: Kind = {
  name: 'rotated',
  route: 'openai',
  status: 200,
  line: { why: 'via_upstream', attache: expect.objectContaining({ decision: 'injected', secret: 'prod/openai' }) },
};

describe('the audit record', () => {
  let aws: ScriptedSecretsManager;
  let stack: Stack;
  let ways: CallerListeners;
  let certificate: ClientIdentity;
  let token: string;
  const tokenEndpoint = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}');
  });

  beforeAll(async () => {
    aws = await startScriptedSecretsManager();
    ways = await callerListeners();
    certificate = await ways.certificate([AGENT]);
    token = await ways.token({ sub: 'alice', groups: ['agents'] });
    await new Promise<void>((resolve) => tokenEndpoint.listen(0, '127.0.0.1', resolve));
    const tokens = `http://127.0.0.1:${(tokenEndpoint.address() as AddressInfo).port}/token`;
    const nobody = await freePort();
    stack = await startStack({
      aws: aws.aws,
      attache: false,
      upstream: { hosts: { [HOST]: ({ authorization }) => authorization, 'moved.example': () => undefined } },
      edit: (document) => {
        ways.edit(document);
        document.setIn([...pathOfHttp, 'xff_num_trusted_hops'], 1);
        const server = { tags: { agents: ['127.0.1.0/24'] }, tags_from_ec2: { vpc: 'any' } };
        document.setIn(['node', 'metadata', 'attache'], document.createNode(server));
        addClusters(document);
        const credential = { secret: 'prod/stripe', bearer: '{{ api_key }}' };
        const oauth2 = (token_url: string) => ({
          secret: 'prod/client',
          oauth2: { grant: 'client_credentials', token_url },
        });
        const routes: Record<string, { block?: object; cluster?: string; host?: string }> = {
          any: { block: credential },
          'by-network': { block: { ...credential, callers: ['127.0.1.0/24'] } },
          'by-tag': { block: { ...credential, callers: ['tag:agents'] } },
          'by-uri': { block: { ...credential, callers: ['spiffe://acme/agents/*'] } },
          'by-claim': { block: { ...credential, callers: ['claim:groups=agents'] } },
          'by-instance': { block: { ...credential, callers: ['tag:cloud'] } },
          ruled: { block: { ...credential, allow: ['GET /v1/**'] } },
          moved: { block: credential, host: 'moved.example' },
          unknown: { block: credential },
          nameless: {},
          'no-attempt': { block: credential, cluster: 'no-attempt' },
          signing: {
            block: { secret: 'prod/aws', aws_sigv4: { service: 'sqs', region: 'eu-west-1' } },
            cluster: 'no-body',
          },
          missing: { block: { ...credential, secret: 'prod/missing' } },
          'no-field': { block: { ...credential, bearer: '{{ nothing }}' } },
          away: { block: { ...credential, secret: 'prod/away' } },
          'token-refused': { block: oauth2(tokens) },
          'token-away': { block: oauth2(`http://127.0.0.1:${nobody}/token`) },
        };
        for (const [name, { block, cluster = 'internet', host = HOST }] of Object.entries(routes)) {
          addRoutes(document, {
            name,
            host,
            route: { cluster },
            ...(block === undefined ? {} : { attache: { integration: name, ...block } }),
          });
        }
      },
    });
    await seed(aws.aws, stack.keys);
    await aws.aws.put('prod/away', '{"api_key":"never-read"}');
    await aws.aws.put('prod/client', '{"client_id":"me","client_secret":"never-shown"}');
    await aws.aws.put('prod/aws', '{"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"never-used"}');
    aws.disturb(({ secret }) => (secret === 'prod/away' ? { error: 'InternalServiceError', status: 500 } : undefined));
    // Attaché reads something else than Envoy runs: no integration `unknown`, and `moved` at another host.
    const text = readFileSync(stack.attacheConfig, 'utf8');
    writeFileSync(
      stack.attacheConfig,
      text
        .replace('integration: unknown\n', 'integration: other\n')
        .replace('host_rewrite_literal: moved.example', `host_rewrite_literal: ${HOST}`),
    );
    await stack.startAttache({ ATTACHE_AUDIT: 'all', AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${nobody}` });
    stack.upstream.accept(HOST, `Bearer ${stack.keys.stripe}`);
    stack.upstream.answerWith(async ({ path }) => {
      const seen = stack.upstream.requests.entries.filter((request) => request.path === path).length;
      if (path.startsWith('/upstream-cut/')) throw new Error('cut off');
      if (path.startsWith('/client-aborts/')) await sleep(400);
      if (path.startsWith('/upstream-500/')) return { status: 500 };
      if (path.startsWith('/upstream-429/')) return { status: 429 };
      return path.startsWith('/retried/') && seen === 0 ? { status: 401 } : undefined;
    });
  });
  afterAll(async () => {
    tokenEndpoint.close();
    await stack?.stop();
    await aws?.stop();
  });

  /** Sends one request with its id in the path; resolves to the status, 0 when there is none. */
  function ask(
    { name, route, method = 'GET', from = '127.0.0.1', by, behindProxyFrom, aborts }: Kind,
    id: number,
  ): Promise<number> {
    return new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        localAddress: from,
        port: stack.envoy.ports.get(by === 'certificate' ? 'mtls' : 'egress'),
        method,
        path: `/${name}/${id}?secret=never`,
        agent: false,
        headers: {
          host: `${route}.int`,
          ...(by === 'token' ? { authorization: `Bearer ${token}` } : {}),
          ...(behindProxyFrom === undefined ? {} : { 'x-forwarded-for': behindProxyFrom }),
        },
      };
      const answered = (incoming: IncomingMessage) => {
        incoming.resume().once('close', () => resolve(incoming.statusCode ?? 0));
      };
      const outgoing: ClientRequest =
        by === 'certificate'
          ? tlsRequest({ ...options, ...certificate, servername: 'stripe.int' }, answered)
          : plainRequest(options, answered);
      outgoing.once('error', () => resolve(0));
      outgoing.end(method === 'POST' ? 'a body' : undefined);
      // Late enough for the destination to have the request.
      if (aborts) setTimeout(() => outgoing.destroy(), 150);
    });
  }

  /** The lines of requests by their ids, which are the last segment of the path. */
  async function linesOf(ids: readonly number[]): Promise<Map<number, AccessLogEntry[]>> {
    const lines = () => Map.groupBy(stack.envoy.accessLog.entries, ({ path }) => Number(path?.split('/').at(-1)));
    await expect.poll(() => ids.filter((id) => !lines().has(id))).toEqual([]);
    // One that is written twice would come late.
    await sleep(200);
    return lines();
  }

  it('has one line for each of a thousand requests, and each line is right', { timeout: 120_000 }, async () => {
    const kinds = Array.from({ length: 1_000 }, (_, id): Kind => {
      if (id >= 900 && id < 950) return UNAVAILABLE;
      return id % 10 === 9 ? ROTATED : (KINDS[id % KINDS.length] ?? ROTATED);
    });
    stack.envoy.accessLog.clear();
    const statuses: number[] = [];
    for (let at = 0; at < kinds.length; at += 10) {
      if (at === 900) {
        stack.attache.signal('SIGKILL');
        await stack.attache.exited;
      }
      if (at === 950) await stack.startAttache({ ATTACHE_AUDIT: 'all' });
      if (at % 100 === 50 && at < 900) await stack.rotate('openai');
      const some = kinds.slice(at, at + 10);
      statuses.push(...(await Promise.all(some.map((kind, index) => ask(kind, at + index)))));
    }
    const lines = await linesOf(kinds.map((_, id) => id));

    const wrong: string[] = [];
    for (const [id, kind] of kinds.entries()) {
      const [line, ...more] = lines.get(id) ?? [];
      const arrived = stack.upstream.requests.entries.filter(({ path }) => path === `/${kind.name}/${id}?secret=never`);
      try {
        expect(more).toEqual([]);
        expect(statuses[id]).toBe(kind.status);
        expect(line).toEqual(
          expect.objectContaining({
            caller: kind.behindProxyFrom ?? kind.from ?? '127.0.0.1',
            peer: kind.from ?? '127.0.0.1',
            method: kind.method ?? 'GET',
            path: `/${kind.name}/${id}`,
            status: kind.status,
            time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
            ms: expect.any(Number),
            ...kind.line,
          }),
        );
        if (line?.why === 'via_upstream') expect(line.attempts).toBe(arrived.length);
        if (line?.attache?.decision === 'injected') expect(line.attache.tried).toHaveLength(line.attempts ?? 0);
      } catch (error) {
        wrong.push(
          `${kind.name} ${id}: ${statuses[id]} ${JSON.stringify(line)} ${error instanceof Error ? error.message : ''}`,
        );
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(stack.envoy.accessLog.entries).toHaveLength(kinds.length);
    const all = JSON.stringify(stack.envoy.accessLog.entries);
    for (const secret of [...Object.values(stack.keys), token, 'never']) expect(all).not.toContain(secret);
    expect(
      stack.envoy.accessLog.entries.filter(({ path, attempts }) => path?.startsWith('/rotated/') && attempts === 2)
        .length,
    ).toBeGreaterThan(3);
  });

  it("is joined by Attaché's own log when it is to have every decision", async () => {
    const before = stack.attache.log.entries.length;
    const ids = [2_001, 2_002, 2_003, 2_004];
    const [any, , , uri, , refused] = KINDS as [Kind, Kind, Kind, Kind, Kind, Kind];
    for (const [index, kind] of [any, uri, refused, refused].entries()) await ask(kind, ids[index] ?? 0);

    const decided = () =>
      stack.attache.log.entries
        .slice(before)
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === 'request decided');
    await expect.poll(() => decided().length).toBe(4);
    expect(decided()).toMatchObject([
      { decision: 'injected', integration: 'any', secret: 'prod/stripe', attempt: 1, caller: '127.0.0.1' },
      { decision: 'injected', integration: 'by-uri', caller: AGENT, rule: 'spiffe://acme/agents/*' },
      { decision: 'denied', integration: 'by-network', caller: '127.0.0.1', code: 'caller_not_allowed' },
      { decision: 'denied', integration: 'by-network', caller: '127.0.0.1', code: 'caller_not_allowed' },
    ]);
    expect(await (await stack.attache.admin('/metrics')).text()).toMatch(/^attache_audit_lost_total\b.* 0$/m);
  });
});

describe('the audit record when Envoy ends by SIGTERM', () => {
  it('has the line of each request that was answered, and of those under way', async () => {
    await using stack = await startStack();
    stack.upstream.answerWith(async ({ path }) => {
      if (path.startsWith('/slow')) await sleep(2_000);
      return undefined;
    });
    const ask = (path: string) => send(stack.port, { host: 'stripe.int', path }).catch(() => undefined);

    const underWay = ['/slow/1', '/slow/2', '/slow/3'].map(ask);
    await sleep(200);
    const paths = Array.from({ length: 50 }, (_, index) => `/quick/${index}`);
    const answered = await Promise.all(paths.map(ask));
    stack.envoy.signal('SIGTERM');
    await stack.envoy.exited;
    await Promise.all(underWay);

    expect(answered.every((reply) => reply?.status === 200)).toBe(true);
    expect(stack.envoy.accessLog.entries.map(({ path }) => path).sort()).toEqual(
      [...paths, '/slow/1', '/slow/2', '/slow/3'].sort(),
    );
  });
});

/** Two more clusters like `internet`, whose filters are set up wrongly: one does not say which attempt it is, one gives no bodies. */
function addClusters(document: EnvoyDocument): void {
  const internet = document
    .toJS({ maxAliasCount: -1 })
    .static_resources.clusters.find(({ name }: { name: string }) => name === 'internet');
  for (const [name, lacks] of [
    ['no-attempt', 'upstream.request_attempt_count'],
    ['no-body', "'allow_mode_override'"],
  ] as const) {
    document.addIn(
      ['static_resources', 'clusters'],
      document.createNode({ ...internet, name, load_assignment: { ...internet.load_assignment, cluster_name: name } }),
    );
    const options = 'typed_extension_protocol_options';
    const filter = [
      options,
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      'http_filters',
      0,
      'typed_config',
    ];
    const path = [...pathOfCluster(document, name), ...filter, 'request_attributes'];
    const attributes: string[] =
      internet[options]['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'].http_filters[0].typed_config
        .request_attributes;
    document.setIn(path, document.createNode(attributes.filter((it) => it !== lacks)));
  }
}
