import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { send } from './support/send.ts';

describe('an edit of envoy.yaml', () => {
  let stack: Stack;
  let text: string;

  beforeAll(async () => {
    stack = await startStack();
    text = readFileSync(stack.attacheConfig, 'utf8');
    await stack.aws.put('other/stripe', JSON.stringify({ api_key: 'sk_other' }));
  });
  afterAll(() => stack?.stop());

  const integrations = async () => {
    const status = (await (await stack.attache.admin('/api/status')).json()) as {
      integrations: { name: string; secret: string }[];
      config: { problems: string[] };
    };
    return {
      problems: status.config.problems,
      secret: status.integrations.find(({ name }) => name === 'stripe')?.secret,
    };
  };

  it('is taken over while Attaché runs', async () => {
    writeFileSync(stack.attacheConfig, text.replace('secret: prod/stripe', 'secret: other/stripe'));
    await expect.poll(integrations).toEqual({ problems: [], secret: 'other/stripe' });
    stack.upstream.accept('stripe', 'sk_other');

    const reply = await send(stack.port, { host: 'stripe.int' });

    expect(reply.status).toBe(200);
    stack.upstream.accept('stripe', stack.keys.stripe);
    writeFileSync(stack.attacheConfig, text);
    await expect.poll(integrations).toEqual({ problems: [], secret: 'prod/stripe' });
  });

  it('that has a mistake leaves everything as it was, and says where the mistake is', async () => {
    writeFileSync(stack.attacheConfig, text.replace('secret: prod/stripe', 'secrets: prod/stripe'));

    await expect
      .poll(async () => (await integrations()).problems)
      .toContainEqual(expect.stringMatching(/envoy\.yaml:\d+:\d+: error: .*secrets/));

    expect((await send(stack.port, { host: 'stripe.int' })).status).toBe(200);
    await stack.attache.log.find((line) => line.includes('the one before stays in use'), 'the word in the log');
    writeFileSync(stack.attacheConfig, text);
    await expect.poll(integrations).toEqual({ problems: [], secret: 'prod/stripe' });
  });
});
