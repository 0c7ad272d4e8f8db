import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Journal } from '../../../local/journal.ts';

/** A call that Attaché made to AWS. */
export interface AwsCall {
  readonly at: Date;
  /** For example "GetSecretValue". */
  readonly operation: string;
  readonly secret: string | undefined;
  /** The whole body, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What happens to a call instead of being passed on: never answered, the connection cut, or an error of AWS's
 * (`status` is 400 unless given). Undefined passes it on.
 */
export type Fault = 'hang' | 'cut' | { readonly error: string; readonly message?: string; readonly status?: number };

/** A counter and troublemaker between Attaché and the local AWS. */
export interface AwsFront extends AsyncDisposable {
  /** Goes into AWS_ENDPOINT_URL_SECRETS_MANAGER. */
  readonly endpoint: string;
  /** Every call, also those that met a fault. */
  readonly calls: Journal<AwsCall>;
  /** From now on `fault` decides about each call; undefined passes all on. */
  disturb(fault: ((call: AwsCall) => Fault | undefined) | undefined): void;
  /** Holds every call back for so many milliseconds, 0 unless set. */
  delayMs: number;
  stop(): Promise<void>;
}

/** Puts a front before an AWS emulator: `startAwsFront(aws.endpoint)`, then hand `front.endpoint` to Attaché. */
export async function startAwsFront(target: string): Promise<AwsFront> {
  const calls = new Journal<AwsCall>();
  let fault: ((call: AwsCall) => Fault | undefined) | undefined;

  const server = createServer(async (incoming, outgoing) => {
    const body = await read(incoming);
    const call = callOf(incoming, body);
    calls.add(call);
    const trouble = fault?.(call);
    await new Promise((resolve) => setTimeout(resolve, front.delayMs));
    if (trouble === undefined) {
      pass(target, incoming, body, outgoing);
    } else if (trouble === 'cut') {
      incoming.socket.destroy();
    } else if (trouble !== 'hang') {
      outgoing.writeHead(trouble.status ?? 400, { 'content-type': 'application/x-amz-json-1.1' });
      outgoing.end(JSON.stringify({ __type: trouble.error, message: trouble.message ?? 'made up by a test' }));
    }
  });
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
  const front: AwsFront = {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    disturb: (next) => {
      fault = next;
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
  return {
    at: new Date(),
    operation: String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, ''),
    secret: typeof secret === 'string' ? secret : undefined,
    body,
  };
}

function pass(target: string, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
  const onward = request(
    new URL(incoming.url ?? '/', target),
    { method: incoming.method ?? 'POST', headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.once('error', () => outgoing.destroy());
  onward.end(body);
}
