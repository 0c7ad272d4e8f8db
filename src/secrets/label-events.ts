import { setTimeout } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { guardedCredentials } from '../aws/aws-credentials.ts';
import type { Log } from '../telemetry/log.ts';

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

/** What the log says when the queue cannot be read, once until it can again. */
const FAILS = 'the queue of events cannot be read: rotations are noticed by checking alone';

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
  readonly #log: Log;
  readonly #moved: (event: LabelMoved) => void;
  readonly #client: SQSClient;
  readonly #closing = new AbortController();

  /** @param moved told of each event; the same one may come more than once. */
  constructor(queueUrl: string, log: Log, moved: (event: LabelMoved) => void) {
    const credentials = guardedCredentials();
    this.#queueUrl = queueUrl;
    this.#log = log;
    this.#moved = moved;
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
        if (pause > 0) this.#log.info('the queue of events can be read again');
        pause = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (pause === 0) this.#log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, FAILS);
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
      if (event !== undefined) this.#moved(event);
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
