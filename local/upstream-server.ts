import type { IncomingHttpHeaders } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { Socket } from 'node:net';
import { type ApiName, apiNames, apis } from './apis.ts';
import type { KeyPair } from './certificates.ts';
import { Journal } from './journal.ts';

/** A request as it arrived at the upstream. */
export interface ReceivedRequest {
  readonly at: Date;
  /** `:authority` or Host, without the port. */
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Lower-case names; HTTP/2 pseudo-headers left out. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>;
  readonly httpVersion: string;
  /** The status it was answered with. */
  readonly status: number;
}

/** An answer of a test's own; a string or Buffer body goes out as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: unknown;
}

/** What decides an answer before the keys are looked at; undefined leaves it to them. */
export type Answerer = (request: Omit<ReceivedRequest, 'status'>) => Answer | undefined | Promise<Answer | undefined>;

/** How to find the key in a request to a host. */
export type KeyFinder = (headers: IncomingHttpHeaders, path: string) => string | undefined;

export interface UpstreamOptions {
  /** Its certificate, valid for the hosts it plays. */
  readonly certificate: KeyPair;
  /** 0 (the default) lets the operating system choose. */
  readonly port?: number;
  /** The address to listen on; loopback unless given. */
  readonly address?: string;
  /** The keys accepted from the start. */
  readonly keys?: Partial<Readonly<Record<ApiName, string>>>;
  /** Further hosts, with how they are shown a key; give them keys by `accept`. */
  readonly hosts?: Readonly<Record<string, KeyFinder>>;
  /** Offer HTTP/2 beside HTTP/1.1. True unless given. */
  readonly http2?: boolean;
}

/** One TLS server that plays several APIs, each request by its host. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  /** Everything that arrived, whatever the answer was. */
  readonly requests: Journal<ReceivedRequest>;
  /** From now on exactly these keys open the API (a name of `apis` or a host). None: it refuses everybody. */
  accept(api: ApiName | (string & {}), ...keys: string[]): void;
  /** Lets `answerer` answer first; undefined ends that. */
  answerWith(answerer: Answerer | undefined): void;
  /** Closes it and every connection. */
  stop(): Promise<void>;
}

/** The form of a list that the client libraries of the three APIs read. */
const LIST = { object: 'list', data: [{ id: 'example', object: 'example' }], has_more: false };

/** The names a certificate needs for the three APIs and for tests that go through DNS. */
export const upstreamNames: readonly string[] = [...apiNames.map((name) => apis[name].host), 'localhost', '127.0.0.1'];

/**
 * Starts the upstream: 401 without the current key in the place its API wants it, 404 for a host it does not play,
 * otherwise 200 with a small JSON, which their client libraries take for a list. It reads a body to its end before it answers.
 *
 * @throws Error when the port is taken
 */
export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const finders = new Map<string, KeyFinder>(Object.entries(options.hosts ?? {}));
  const accepted = new Map<string, ReadonlySet<string>>();
  for (const name of apiNames) {
    const key = options.keys?.[name];
    finders.set(apis[name].host, apis[name].keyIn);
    accepted.set(apis[name].host, new Set(key === undefined ? [] : [key]));
  }
  const requests = new Journal<ReceivedRequest>();
  let answerer: Answerer | undefined;

  const decide = (request: Omit<ReceivedRequest, 'status'>): Answer => {
    const finder = finders.get(request.host);
    if (finder === undefined) {
      return { status: 404, body: { error: `${request.host} is no host that this upstream plays` } };
    }
    const key = finder(request.headers, request.path);
    if (key === undefined || accepted.get(request.host)?.has(key) !== true) {
      return { status: 401, body: { error: key === undefined ? 'no key' : 'not the current key', host: request.host } };
    }
    const { host, method, path } = request;
    return { status: 200, body: { ok: true, host, method, path, ...LIST } };
  };

  const handle = async (incoming: Http2ServerRequest, outgoing: Http2ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) {
      chunks.push(chunk as Buffer);
    }
    const request = {
      at: new Date(),
      host: (incoming.authority || incoming.headers.host || '').replace(/:\d+$/, ''),
      method: incoming.method,
      path: incoming.url,
      headers: Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !name.startsWith(':'))),
      body: Buffer.concat(chunks),
      trailers: incoming.trailers,
      httpVersion: incoming.httpVersion,
    };
    const answer = (await answerer?.(request)) ?? decide(request);
    requests.add({ ...request, status: answer.status });
    const plain = typeof answer.body === 'string' || Buffer.isBuffer(answer.body);
    outgoing.writeHead(answer.status, { ...(plain ? {} : { 'content-type': 'application/json' }), ...answer.headers });
    outgoing.end(plain ? answer.body : `${JSON.stringify(answer.body ?? null)}\n`);
  };

  const server = createSecureServer(
    {
      key: options.certificate.key,
      cert: options.certificate.certificate,
      allowHTTP1: true,
      // Envoy resets the stream of each response that it retries; a hundred rotations in a row are no attack here.
      streamResetBurst: 1_000_000,
      streamResetRate: 1_000_000,
      ...(options.http2 === false ? { ALPNProtocols: ['http/1.1'] } : {}),
    },
    (incoming, outgoing) => {
      handle(incoming, outgoing).catch(() => {
        // The client went away, or a test's answerer threw: either way there is nobody to tell but the client.
        outgoing.stream?.close?.();
        incoming.socket?.destroy();
      });
    },
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await listen(server, options.port ?? 0, options.address ?? '127.0.0.1');

  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) {
        socket.destroy();
      }
    });
  return {
    port,
    requests,
    accept: (api, ...keys) => {
      const host = api in apis ? apis[api as ApiName].host : api;
      if (!finders.has(host)) {
        throw new Error(`the upstream does not play ${host}; give it in \`hosts\` when starting it`);
      }
      accepted.set(host, new Set(keys));
    },
    answerWith: (next) => {
      answerer = next;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function listen(server: Http2SecureServer, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`the upstream cannot listen on ${address}:${port}: ${error.message}`, { cause: error }));
    });
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : port);
    });
  });
}
