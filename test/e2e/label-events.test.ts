import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiName, apis } from '../../local/apis.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { send } from './support/send.ts';

/** A stack whose Attaché hears of rotations through a queue, and hardly ever looks by itself. */
async function stackWithQueue(workers: number): Promise<{ stack: Stack; sqs: SQSClient; queueUrl: string }> {
  const stack = await startStack({ attache: false, workers });
  const client = {
    endpoint: stack.aws.endpoint,
    region: stack.aws.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const sqs = new SQSClient(client);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'attache' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const events = new EventBridgeClient(client);
  const pattern = { source: ['aws.secretsmanager'], 'detail-type': ['Secret Label Updated'] };
  await events.send(new PutRuleCommand({ Name: 'rotations', EventPattern: JSON.stringify(pattern) }));
  await events.send(
    new PutTargetsCommand({ Rule: 'rotations', Targets: [{ Id: 'queue', Arn: Attributes?.QueueArn }] }),
  );
  events.destroy();
  await stack.startAttache({ ATTACHE_REFRESH_AFTER: '1h', ATTACHE_MAX_STALE: '2h', ATTACHE_EVENTS_QUEUE: QueueUrl });
  return { stack, sqs, queueUrl: QueueUrl };
}

/** Puts a new key beside the old one, and waits until so many workers say that they have it. */
async function rotate(stack: Stack, api: ApiName, workers: number): Promise<string> {
  const key = apis[api].newKey();
  stack.upstream.accept(api, stack.keys[api], key);
  await stack.aws.put(apis[api].secret, apis[api].secretValue(key));
  const rotated = () =>
    stack.attache.log.entries.filter((line) => line.includes('secret rotated') && line.includes(apis[api].secret));
  await expect.poll(() => rotated().length).toBe(workers);
  return key;
}

describe.each([1, 2])('a queue that tells of rotations, with %i workers', (workers) => {
  let stack: Stack;
  let sqs: SQSClient;
  let queueUrl: string;

  beforeAll(async () => {
    ({ stack, sqs, queueUrl } = await stackWithQueue(workers));
  });
  afterAll(async () => {
    sqs?.destroy();
    await stack?.stop();
  });

  it('has the new key used by all before the old one is refused', async () => {
    const key = await rotate(stack, 'openai', workers);
    stack.upstream.accept('openai', key);
    stack.upstream.requests.entries.length = 0;

    const replies = await Promise.all(Array.from({ length: 10 }, () => send(stack.port, { host: 'openai.int' })));

    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(stack.upstream.requests.entries).toHaveLength(10);
  });

  it('may hold messages that are no events, or events that come twice or too early', async () => {
    const event = JSON.stringify({
      source: 'aws.secretsmanager',
      'detail-type': 'Secret Label Updated',
      resources: ['arn:x'],
      detail: { name: apis.stripe.secret, labelUpdated: 'AWSCURRENT', versionId: 'not there yet' },
    });
    for (const body of ['{', '{}', 'null', event, event]) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    }

    await rotate(stack, 'stripe', workers);

    expect((await send(stack.port, { host: 'stripe.int' })).status).toBe(200);
  });
});

describe('a queue that is gone', () => {
  it('is told of once, while rotations are noticed all the same', async () => {
    const { stack, sqs, queueUrl } = await stackWithQueue(1);
    await using _ = stack;
    const warnings = () => stack.attache.log.entries.filter((line) => line.includes('queue of events cannot be read'));

    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
    sqs.destroy();
    await expect.poll(() => warnings().length).toBe(1);
    await stack.rotate('anthropic');

    expect((await send(stack.port, { host: 'anthropic.int' })).status).toBe(200);
    expect(warnings()).toHaveLength(1);
  });
});
