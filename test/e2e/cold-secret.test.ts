import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startStack } from '../../local/stack.ts';
import { startAwsFront } from './support/aws-front.ts';
import { send } from './support/send.ts';

describe('five hundred requests at once for a secret that is not at hand', () => {
  it('make one call to AWS and are all answered', async () => {
    await using stack = await startStack();
    await using front = await startAwsFront(stack.aws.endpoint);
    await stack.attache.stop();
    // Longer than Envoy waits by default: Attaché has to ask for more time.
    front.delayMs = 1_000;
    const started = stack.startAttache({ AWS_ENDPOINT_URL_SECRETS_MANAGER: front.endpoint });
    await front.calls.find(({ secret }) => secret === 'prod/stripe', 'the first call to AWS', 20_000);
    const agent = new Agent({ keepAlive: true, maxSockets: 500 });

    const replies = await Promise.all(
      Array.from({ length: 500 }, () => send(stack.port, { host: 'stripe.int', agent })),
    );
    agent.destroy();
    await started;

    expect(replies.map(({ status }) => status)).toEqual(Array(500).fill(200));
    expect(front.calls.entries.filter(({ secret }) => secret === 'prod/stripe')).toHaveLength(1);
  });

  it('are refused together when AWS hangs, within the deadline', async () => {
    await using stack = await startStack();
    await using front = await startAwsFront(stack.aws.endpoint);
    await stack.attache.stop();
    front.disturb(() => 'hang');
    const started = stack.startAttache({ AWS_ENDPOINT_URL_SECRETS_MANAGER: front.endpoint });
    await front.calls.find(({ secret }) => secret === 'prod/stripe', 'the first call to AWS', 20_000);

    const replies = await Promise.all(Array.from({ length: 50 }, () => send(stack.port, { host: 'stripe.int' })));
    await started;

    expect(replies.map(({ status }) => status)).toEqual(Array(50).fill(503));
    expect(replies.every(({ headers }) => headers['x-attache-error'] === 'secret_unavailable')).toBe(true);
    expect(Math.max(...replies.map(({ ms }) => ms))).toBeLessThan(10_000);
  });
});
