import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack } from '../../../local/stack.ts';
import type { ReceivedRequest } from '../../../local/upstream-server.ts';
import { addRoutes, allowHeaders } from '../../e2e/support/routes.ts';
import { send } from '../../e2e/support/send.ts';
import { Random } from '../../secrets/model/random.ts';
import { type Made, mayArrive, whatIsWrong } from './reference.ts';
import { startTokens } from './tokens.ts';

/** How the key is sent, by the name of the kind. */
export const KINDS = {
  bearer: { bearer: '{{ key }}' },
  basic: { basic: { username: '{{ key }}' } },
  headers: { headers: { 'x-goog-api-key': '{{ key }}' } },
  query: { query: { key: '{{ key }}' } },
  path: { path: '/bot{{ key }}' },
  both: { path: '/bot{{ key }}', query: { key: '{{ key }}' }, bearer: '{{ key }}' },
  signed: { aws_sigv4: { service: 'execute-api', region: 'us-east-1' } },
} as const;

/** The kinds that send a token, which is got with the key, by the name of the kind. */
const TOKEN_KINDS = ['oauth2', 'google', 'github'] as const;

export type KindName = keyof typeof KINDS | (typeof TOKEN_KINDS)[number];

/** The ways in which Envoy may be told to try again. */
export const POLICIES = {
  shipped: { retry_on: 'retriable-status-codes,reset-before-request,connect-failure,refused-stream' },
  '5xx': { retry_on: '5xx' },
  hedged: { retry_on: '5xx,reset', hedged: true },
  gateway: { retry_on: 'gateway-error,connect-failure,reset,retriable-4xx,retriable-status-codes' },
  all: {
    retry_on: '5xx,reset,reset-before-request,connect-failure,retriable-4xx,refused-stream,retriable-status-codes',
  },
} as const;

/** What a caller is allowed on every route. */
export const ALLOW = ['DELETE /users/*', 'POST /file/**', 'GET /v1/**'];

/** What callers ask for: some of it may not be. */
const ASKED: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/v1/things?a=1'],
  ['GET', '/v1/things?key=mine&b=%2F'],
  ['GET', '/v1'],
  ['POST', '/file/a/b'],
  ['POST', '/file/users/7'],
  ['DELETE', '/users/7'],
  ['DELETE', '/file/users/7'],
  ['DELETE', '/v1/users/7'],
  ['POST', '/v1/things'],
  ['GET', '/file/v1/things'],
  ['GET', '/botmine/v1/things'],
  ['DELETE', '/a/b/users/7'],
];

/** The key that every route sends. */
export const KEY = 'k3y-of-the-owner-0123456789';

/** What a run has come to. */
export interface Report {
  readonly asked: number;
  /** Answers to callers, by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests that have arrived at the destination, retries too. */
  readonly arrived: number;
  /** How often Attaché was paused. */
  readonly pauses: number;
  /** What must not be. */
  readonly wrong: readonly string[];
}

/**
 * Sends requests through the real Envoy over every kind of credential and every retry policy, while Attaché is paused at random
 * moments and destinations answer well, refuse, fail, hang or reset, and holds what arrives against the naive reference.
 *
 * @param count how many requests.
 * @param told called now and then with how many are done.
 */
export async function runPausedRetries(
  count: number,
  {
    seed,
    concurrency,
    told,
  }: { readonly seed: number; readonly concurrency: number; readonly told?: (done: number) => void },
): Promise<Report> {
  const random = new Random(seed);
  const kinds = [...Object.keys(KINDS), ...TOKEN_KINDS];
  const names = kinds.flatMap((kind) => Object.keys(POLICIES).map((policy) => `${kind}-${policy}`));
  await using tokens = await startTokens();
  await using stack = await startStack({
    attache: false,
    upstream: { hosts: Object.fromEntries(names.map((name) => [`${name}.example`, () => undefined])) },
    edit: (document) => {
      allowHeaders(
        document,
        ':path',
        'x-amz-date',
        'x-amz-content-sha256',
        'x-amz-security-token',
        'x-amz-s3session-token',
        'x-amz-region-set',
      );
      addRoutes(
        document,
        ...names.map((name) => {
          const [kind, policy] = name.split('-') as [KindName, keyof typeof POLICIES];
          const { retry_on, ...more } = POLICIES[policy];
          return {
            name,
            host: `${name}.example`,
            attache: {
              integration: name,
              allow: ALLOW,
              ...(isTokenKind(kind)
                ? { secret: `prod/${kind}`, ...tokens.blocks[kind] }
                : { secret: 'prod/k', ...KINDS[kind] }),
            },
            entry: { request_body_buffer_limit: 65_536 },
            route: {
              retry_policy: {
                retry_on,
                retriable_status_codes: [401],
                num_retries: 3,
                per_try_timeout: '1s',
                retry_back_off: { base_interval: '0.001s', max_interval: '0.02s' },
              },
              ...('hedged' in more ? { hedge_policy: { hedge_on_per_try_timeout: true } } : {}),
            },
          };
        }),
      );
    },
  });
  await stack.aws.put('prod/k', JSON.stringify({ key: KEY, access_key_id: 'AKIAEXAMPLE', secret_access_key: KEY }));
  for (const kind of TOKEN_KINDS) await stack.aws.put(`prod/${kind}`, JSON.stringify(tokens.secrets[kind]));
  const attache = await stack.startAttache({ ATTACHE_LOG: 'error' });
  const made = new Map<string, Made>();
  const wrong: string[] = [];
  let arrived = 0;
  stack.upstream.answerWith(async (request) => {
    arrived += 1;
    wrong.push(...judged(request, made));
    const kind = kindOf(request, made);
    const { authorization = '' } = request.headers;
    if (isTokenKind(kind) && !(await tokens.gave(kind, authorization)))
      wrong.push(`${kind}: the authorization is no token that was given`);
    return outcome(request, arrived, seed);
  });

  let pauses = 0;
  let isOver = false;
  const pausing = (async () => {
    while (!isOver) {
      await sleep(100 + random.below(600));
      attache.signal('SIGSTOP');
      await sleep(random.chance(0.2) ? random.below(2_000) : random.below(600));
      attache.signal('SIGCONT');
      pauses += 1;
    }
  })();

  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const statuses: Record<string, number> = {};
  let begun = 0;
  let done = 0;
  const caller = async () => {
    while (begun < count) {
      begun += 1;
      const id = `${seed}-${begun}`;
      const name = random.pick(names);
      const [method, asked] = random.pick(ASKED);
      const path = `${asked}${asked.includes('?') ? '&' : '?'}id=${id}`;
      const body = method === 'POST' ? `body of ${id}` : undefined;
      made.set(id, { kind: name.split('-')[0] as KindName, method, path, body });
      const headers = { authorization: 'Bearer mine', 'x-goog-api-key': 'mine', cookie: 'a=mine', 'x-custom': id };
      const reply = await send(stack.port, {
        host: `${name}.int`,
        method,
        path,
        headers,
        agent,
        timeoutMs: 60_000,
        ...(body === undefined ? {} : { body }),
      }).then(
        ({ status }) => String(status),
        () => 'reset',
      );
      statuses[reply] = (statuses[reply] ?? 0) + 1;
      done += 1;
      if (done % 1_000 === 0) told?.(done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  isOver = true;
  await pausing;
  agent.destroy();
  return { asked: count, statuses, arrived, pauses, wrong };
}

function isTokenKind(kind: KindName | undefined): kind is (typeof TOKEN_KINDS)[number] {
  return TOKEN_KINDS.some((it) => it === kind);
}

function kindOf({ path }: Pick<ReceivedRequest, 'path'>, made: ReadonlyMap<string, Made>): KindName | undefined {
  return made.get(new URL(path, 'http://x').searchParams.get('id') ?? '')?.kind;
}

function judged(request: Omit<ReceivedRequest, 'status'>, made: ReadonlyMap<string, Made>): string[] {
  const id = new URL(request.path, 'http://x').searchParams.get('id') ?? '';
  const it = made.get(id);
  if (it === undefined) return [`a request that nobody made has arrived: ${request.method} ${request.path}`];
  if (!mayArrive(it)) return [`a forbidden request has arrived: ${it.method} ${it.path}`];
  return whatIsWrong(it, request);
}

/** What a destination does: the same for the same request and time of arrival, whatever else goes on. */
async function outcome({ path }: { readonly path: string }, arrival: number, seed: number) {
  const [dice = 0] = createHash('sha256').update(`${seed} ${path} ${arrival}`).digest();
  if (dice < 130) return { status: 200, body: 'ok' };
  if (dice < 160) return { status: 401, body: 'no' };
  if (dice < 190) return { status: 503, body: 'later' };
  if (dice < 205) return { status: 409, body: 'conflict' };
  if (dice < 235) throw new Error('the connection breaks');
  await sleep(1_500);
  return { status: 200, body: 'late' };
}
