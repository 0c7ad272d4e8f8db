import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apis } from '../../local/apis.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { send } from './support/send.ts';

describe('a queue that tells of rotations', () => {
  let stack: Stack;
  let sqs: SQSClient;
  let queueUrl: string;

  beforeAll(async () => {
    stack = await startStack({ attache: false });
    const client = {
      endpoint: stack.aws.endpoint,
      region: stack.aws.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    };
    sqs = new SQSClient(client);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'attache' }));
    queueUrl = QueueUrl ?? '';
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    const events = new EventBridgeClient(client);
    await events.send(
      new PutRuleCommand({
        Name: 'rotations',
        EventPattern: JSON.stringify({ source: ['aws.secretsmanager'], 'detail-type': ['Secret Label Updated'] }),
      }),
    );
    await events.send(
      new PutTargetsCommand({ Rule: 'rotations', Targets: [{ Id: 'queue', Arn: Attributes?.QueueArn }] }),
    );
    events.destroy();
    await stack.startAttache({ ATTACHE_REFRESH_AFTER: '1h', ATTACHE_EVENTS_QUEUE: queueUrl });
  });
  afterAll(async () => {
    sqs?.destroy();
    await stack?.stop();
  });

  it('has the new key used before the old one is refused', async () => {
    await send(stack.port, { host: 'openai.int' });
    const key = apis.openai.newKey();
    stack.upstream.accept('openai', stack.keys.openai, key);

    await stack.aws.put(apis.openai.secret, apis.openai.secretValue(key));

    await stack.attache.log.find(
      (line) => line.includes('secret rotated') && line.includes(apis.openai.secret),
      'the rotation',
      5_000,
    );
    stack.upstream.accept('openai', key);
    stack.upstream.requests.entries.length = 0;
    expect((await send(stack.port, { host: 'openai.int' })).status).toBe(200);
    expect(stack.upstream.requests.entries).toHaveLength(1);
  });

  it('may hold messages that are no events, or events that come twice or too early', async () => {
    const event = (versionId: string) =>
      JSON.stringify({
        source: 'aws.secretsmanager',
        'detail-type': 'Secret Label Updated',
        resources: ['arn:x'],
        detail: { name: apis.stripe.secret, labelUpdated: 'AWSCURRENT', versionId },
      });
    for (const MessageBody of ['', '{', '{}', 'null', event('not there yet'), event('not there yet'), event('')].filter(
      Boolean,
    )) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
    }
    const key = apis.stripe.newKey();
    stack.upstream.accept('stripe', stack.keys.stripe, key);

    await stack.aws.put(apis.stripe.secret, apis.stripe.secretValue(key));

    await stack.attache.log.find(
      (line) => line.includes('secret rotated') && line.includes(apis.stripe.secret),
      'the rotation',
      5_000,
    );
    expect((await send(stack.port, { host: 'stripe.int' })).status).toBe(200);
  });

  it('may go, and is told of, while rotations are noticed all the same', async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
    await stack.attache.log.find((line) => line.includes('queue of events cannot be read'), 'the warning', 25_000);

    await stack.rotate('anthropic');

    expect((await send(stack.port, { host: 'anthropic.int' })).status).toBe(200);
    expect(stack.attache.log.entries.filter((line) => line.includes('queue of events cannot be read'))).toHaveLength(1);
  });
});
