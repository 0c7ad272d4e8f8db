import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { send } from './support/send.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    attache: { env: { ATTACHE_REFRESH_AFTER: '5s' } },
    edit: (document) => document.setIn(['node', 'metadata', 'attache', 'hosts_from_secret_tags'], true),
  });
});
afterAll(() => stack?.stop());

const tag = (Value: string) =>
  stack.aws.client.send(new TagResourceCommand({ SecretId: 'prod/stripe', Tags: [{ Key: 'attache:hosts', Value }] }));
const ask = () => send(stack.port, { host: 'stripe.int', path: '/v1/customers' });

it('goes where a route sends it as long as its owner says nothing, and then only where the owner says', async () => {
  expect((await ask()).status).toBe(200);

  await tag('files.stripe.com api.other.example');
  await expect.poll(async () => (await ask()).status).toBe(403);
  const refused = await ask();
  const arrived = stack.upstream.requests.entries.length;
  await ask();

  expect(refused.headers['x-attache-error']).toBe('host_mismatch');
  expect(refused.json<{ error: { message: string } }>().error.message).toBe(
    'The secret prod/stripe may go to files.stripe.com, api.other.example alone, as its owner says in the tag attache:hosts, and not to api.stripe.com.',
  );
  expect(stack.upstream.requests.entries).toHaveLength(arrived);
  // The secret of another integration has no tag.
  expect((await send(stack.port, { host: 'openai.int' })).status).toBe(200);

  await tag('API.stripe.com');
  await expect.poll(async () => (await ask()).status).toBe(200);

  await stack.aws.client.send(new UntagResourceCommand({ SecretId: 'prod/stripe', TagKeys: ['attache:hosts'] }));
  await stack.attache.stop();
  await stack.startAttache();
  expect((await ask()).status).toBe(200);
});
