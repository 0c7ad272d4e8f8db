import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from '../../../local/journal.ts';
import { answerWith, type Fault } from './fault.ts';

/** A call to AWS. */
export interface AwsCall {
  readonly at: Date;
  /** For example "GetSecretValue". */
  readonly operation: string;
  readonly secret: string | undefined;
  /** The Region that it was signed for. */
  readonly region: string | undefined;
  /** The access key that it was signed with. */
  readonly accessKey: string | undefined;
  /** The whole body, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers a call that meets no fault. */
export type Answer = (call: AwsCall, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse) => void;

/** An endpoint of AWS that counts its calls and makes trouble when told to. */
export interface FaultyServer extends AsyncDisposable {
  /** Goes into AWS_ENDPOINT_URL_SECRETS_MANAGER. */
  readonly endpoint: string;
  /** Every call, also those that met a fault. */
  readonly calls: Journal<AwsCall>;
  /** From now on `fault` decides about each call; undefined answers all. */
  disturb(fault: ((call: AwsCall) => Fault | undefined) | undefined): void;
  /** Holds every call back for so many milliseconds, 0 unless set. */
  delayMs: number;
  stop(): Promise<void>;
}

/** Listens on loopback, on a port of its own. */
export async function startFaultyServer(answer: Answer): Promise<FaultyServer> {
  const calls = new Journal<AwsCall>();
  let disturbance: ((call: AwsCall) => Fault | undefined) | undefined;

  const server = createServer(async (incoming, outgoing) => {
    const body = await read(incoming);
    const call = callOf(incoming, body);
    calls.add(call);
    const fault = disturbance?.(call);
    const isDelay = typeof fault === 'object' && 'delayMs' in fault;
    await sleep(front.delayMs + (isDelay ? fault.delayMs : 0));
    if (fault === undefined || isDelay) answer(call, incoming, body, outgoing);
    else answerWith(fault, incoming, outgoing);
  });
  // A caller that gives up is no news.
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;

  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const front: FaultyServer = {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    disturb: (next) => {
      disturbance = next;
    },
    delayMs: 0,
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return front;
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function callOf(incoming: IncomingMessage, raw: Buffer): AwsCall {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(raw.toString());
  } catch {
    // Not every AWS API speaks JSON; the operation's name is told all the same.
  }
  const secret = body.SecretId;
  const [, accessKey, , region] =
    /Credential=([^/]+)\/([^/]+)\/([^/]+)/.exec(incoming.headers.authorization ?? '') ?? [];
  return {
    at: new Date(),
    operation: String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, ''),
    secret: typeof secret === 'string' ? secret : undefined,
    region,
    accessKey,
    body,
  };
}
