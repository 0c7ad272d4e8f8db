import { setTimeout } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { guardedCredentials } from './aws-credentials.ts';

/** How long one call waits for messages, in seconds: the longest that SQS allows. */
const WAIT_SECONDS = 20;

/** How long to wait after a failed call, in ms: the first time, and at most. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/** A label has moved to another version of a secret. Holds no secret. */
export interface LabelMoved {
  readonly arn: string;
  readonly name: string;
  readonly versionId: string;
}

/** Who is told of events, and of a queue that cannot be read. */
export interface LabelEventsListener {
  moved(event: LabelMoved): void;
  /** Reading has begun to fail, with the name of the error; or works again: undefined. */
  queueFails(error: string | undefined): void;
}

/** What Secrets Manager tells EventBridge when AWSCURRENT moves. */
const EVENT = z.object({
  source: z.literal('aws.secretsmanager'),
  'detail-type': z.literal('Secret Label Updated'),
  resources: z.tuple([z.string()], z.unknown()),
  detail: z.object({ name: z.string(), labelUpdated: z.literal('AWSCURRENT'), versionId: z.string() }),
});

/**
 * Hears of rotations through EventBridge and an SQS queue, sooner than by looking. It is a hint, nothing more: events may come
 * twice, late, before the new version can be read, or not at all, and the secrets are checked at their usual pace anyway.
 *
 * One queue is for one Attaché: who takes a message from a queue takes it from all others that read it.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
 */
export class LabelEvents {
  readonly #queueUrl: string;
  readonly #listener: LabelEventsListener;
  readonly #client: SQSClient;
  readonly #closing = new AbortController();

  constructor(queueUrl: string, listener: LabelEventsListener) {
    const credentials = guardedCredentials();
    this.#queueUrl = queueUrl;
    this.#listener = listener;
    const region = regionOf(queueUrl);
    this.#client = new SQSClient({
      endpoint: new URL(queueUrl).origin,
      ...(region === undefined ? {} : { region }),
      credentials: () => credentials.provide(),
      // A poll waits for messages this long by design.
      requestHandler: {
        connectionTimeout: 2_000,
        requestTimeout: (WAIT_SECONDS + 5) * 1_000,
        throwOnRequestTimeout: true,
      },
    });
    void this.#follow();
  }

  /** Stops listening. */
  close(): void {
    this.#closing.abort();
    this.#client.destroy();
  }

  async #follow(): Promise<void> {
    let pause = 0;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#poll();
        if (pause > 0) this.#listener.queueFails(undefined);
        pause = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (pause === 0) this.#listener.queueFails(error instanceof Error ? error.name : 'unknown');
        pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, pause * 2));
        await setTimeout(pause * (0.5 + Math.random() / 2), undefined, {
          ref: false,
          signal: this.#closing.signal,
        }).catch(() => undefined);
      }
    }
  }

  async #poll(): Promise<void> {
    const { Messages: messages = [] } = await this.#client.send(
      new ReceiveMessageCommand({ QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: WAIT_SECONDS }),
      { abortSignal: this.#closing.signal },
    );
    if (messages.length === 0) return;
    for (const message of messages) {
      const event = parseEvent(message);
      if (event !== undefined) this.#listener.moved(event);
    }
    const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries: entries }));
  }
}

/** The Region that the URL of a queue names: the queue may be in another one than the secrets. */
function regionOf(queueUrl: string): string | undefined {
  return /^sqs\.([a-z0-9-]+)\.amazonaws\./.exec(new URL(queueUrl).hostname)?.[1];
}

/** Undefined for a message that is no such event: whoever else writes into the queue does no harm. */
function parseEvent({ Body: body }: Message): LabelMoved | undefined {
  try {
    const { resources, detail } = EVENT.parse(JSON.parse(body ?? ''));
    return { arn: resources[0], name: detail.name, versionId: detail.versionId };
  } catch {
    return undefined;
  }
}
