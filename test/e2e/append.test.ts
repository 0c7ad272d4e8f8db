import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EnvoyDocument, pathOfCluster } from '../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes, allowHeaders } from './support/routes.ts';
import { send } from './support/send.ts';

/** Has Envoy show a header to Attaché. */
function show(document: EnvoyDocument, header: string): void {
  const patterns = [
    ...pathOfCluster(document, 'internet'),
    'typed_extension_protocol_options',
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    ...['http_filters', 0, 'typed_config', 'forward_rules', 'allowed_headers', 'patterns'],
  ];
  document.addIn(patterns, document.createNode({ exact: header }));
}

/** The lists in headers, with the lines of each one put together. */
const lists = ({ 'x-shown': shown, 'x-unseen': unseen }: IncomingHttpHeaders) => [
  [shown].flat().join(', '),
  [unseen].flat().join(', '),
];

describe('lists to which an integration appends, through Envoy', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      edit: (document) => {
        addRoutes(document, {
          name: 'listing',
          host: 'api.openai.com',
          attache: {
            integration: 'listing',
            secret: 'prod/openai',
            bearer: '{{ api_key }}',
            headers: { 'X-Shown': { append: 'ours' }, 'x-unseen': { append: 'ours' } },
          },
        });
        allowHeaders(document, 'x-shown', 'x-unseen');
        show(document, 'x-shown');
      },
    });
  });
  afterAll(() => stack?.stop());
  beforeEach(() => {
    stack.upstream.answerWith(undefined);
    stack.upstream.requests.clear();
  });

  /** What arrives, one pair of lists for each attempt. */
  async function arriving(headers: Readonly<Record<string, string | string[]>>): Promise<string[][]> {
    const reply = await send(stack.port, { host: 'listing.int', headers });
    expect(reply.status).toBe(200);
    return stack.upstream.requests.entries.map((request) => lists(request.headers));
  }

  it.each([
    ['nothing', {}, ['ours', 'ours']],
    ['a list in one line', { 'x-shown': 'a, b', 'x-unseen': 'a, b' }, ['a, b, ours', 'a, b, ours']],
    ['a list in several lines', { 'X-Shown': ['a', 'b'], 'X-Unseen': ['a', 'b'] }, ['a, b, ours', 'a, b, ours']],
    ['the same, where it is shown', { 'x-shown': 'ours,a', 'x-unseen': 'b' }, ['ours,a', 'b, ours']],
  ])('have what a caller has sent, and ours behind it: %s', async (_, headers, expected) => {
    expect(await arriving(headers)).toEqual([expected]);
  });

  it('have ours once in each attempt while a key rotates', async () => {
    await arriving({});
    stack.upstream.requests.clear();
    await stack.rotate('openai');

    const attempts = await arriving({ 'x-shown': 'a', 'x-unseen': 'a' });

    expect(attempts.length).toBeGreaterThan(1);
    for (const attempt of attempts) expect(attempt).toEqual(['a, ours', 'a, ours']);
  });

  it('have ours once after a connection that broke', async () => {
    let seen = 0;
    const before: string[][] = [];
    stack.upstream.answerWith((request) => {
      seen += 1;
      if (seen > 2) return undefined;
      before.push(lists(request.headers));
      throw new Error('the stream is closed');
    });

    const [attempt, ...others] = await arriving({ 'x-shown': 'a', 'x-unseen': 'a' });

    expect([...before, attempt]).toEqual(Array(3).fill(['a, ours', 'a, ours']));
    expect(others).toEqual([]);
  });
});
