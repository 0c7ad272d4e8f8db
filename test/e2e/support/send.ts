import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface Message {
  /** The Host header; `fetch` would not let us say it. */
  readonly host: string;
  /** "/" unless given; goes out byte for byte. */
  readonly path?: string;
  /** GET, or POST when there is a body. */
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent with content-length; an iterable is sent in chunks. */
  readonly body?: string | Buffer | Iterable<string | Buffer>;
  /** Keeps connections when given; otherwise each request has its own. */
  readonly agent?: Agent;
  /** Milliseconds for the whole answer, 20,000 unless given. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON; throws with the text when it is none. */
  json<T = unknown>(): T;
  /** Milliseconds until the last byte. */
  readonly ms: number;
}

/**
 * Sends one request to a port of 127.0.0.1, as a program would to Envoy.
 *
 * @throws Error when the connection fails, or when the answer is not complete in time
 */
export function send(port: number, message: Message): Promise<Reply> {
  const began = performance.now();
  const { body } = message;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: message.path ?? '/',
      method: message.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...message.headers,
        host: message.host,
        ...(typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': Buffer.byteLength(body) } : {}),
      },
      agent: message.agent ?? false,
      signal: AbortSignal.timeout(message.timeoutMs ?? 60_000),
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const whole = Buffer.concat(chunks);
        const text = whole.toString();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: whole,
          text,
          json: () => parseJson(text),
          ms: performance.now() - began,
        });
      });
    });
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
      outgoing.end(body);
    } else {
      for (const chunk of body) {
        outgoing.write(chunk);
      }
      outgoing.end();
    }
  });
}

function parseJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new Error(`the answer is no JSON: ${text.slice(0, 500)}`, { cause: error });
  }
}
