import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from '../../../local/journal.ts';
import type { TokenFault } from './fault.ts';
import { closeServer, listenOnLoopback } from './listen.ts';
import { readTokenRequest, type TokenAnswer, type TokenRequest } from './token-request.ts';

/** An answer before it is sent. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** Answers a request that meets no fault. */
export type Answerer = (incoming: IncomingMessage, body: Buffer) => PlainAnswer | Promise<PlainAnswer>;

/** A server whose token endpoint counts its requests and makes trouble when told to. */
export interface TokenFront extends AsyncDisposable {
  /** `http://127.0.0.1:…`, without a slash at its end. */
  readonly origin: string;
  /** The URL of the token endpoint. */
  readonly tokenUrl: string;
  /** Every token request when it arrives, also those that meet a fault. */
  readonly requests: Journal<TokenRequest>;
  /** Every answer to a token request, made-up ones too; hung and cut requests have none. */
  readonly answers: Journal<TokenAnswer>;
  /** How many token requests were answered with 200. */
  readonly granted: number;
  /** From now on `fault` decides about each token request; undefined answers all. A fault alone meets every request. */
  disturb(fault: TokenFault | ((request: TokenRequest) => TokenFault | undefined) | undefined): void;
}

/**
 * Listens on loopback, on a port of its own. Requests to other paths than `/token` reach `answer` undisturbed.
 *
 * @param options.sendDate false: answers have the date that `answer` gives them, or none. Default true.
 */
export async function startTokenFront(answer: Answerer, { sendDate = true } = {}): Promise<TokenFront> {
  const requests = new Journal<TokenRequest>();
  const answers = new Journal<TokenAnswer>();
  let disturbance: ((request: TokenRequest) => TokenFault | undefined) | undefined;

  const answerToken = async (incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse) => {
    const request = readTokenRequest(incoming, body);
    requests.add(request);
    const fault = disturbance?.(request);
    if (fault === 'hang') return;
    if (fault === 'cut') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const known = typeof fault === 'object' ? fault : undefined;
    if (known !== undefined && 'delayMs' in known) await sleep(known.delayMs);
    const usual = known !== undefined && 'status' in known ? { headers: {}, ...known } : await answer(incoming, body);
    const sent =
      known !== undefined && 'alter' in known
        ? { ...usual, body: JSON.stringify(known.alter(parsed(usual.body))) }
        : usual;
    const delivered = fault !== 'cut-after';
    answers.add({ at: new Date(), request, status: sent.status, body: parsed(sent.body), delivered });
    if (delivered) send(sent, outgoing);
    else incoming.socket.resetAndDestroy();
  };

  const server = createServer(async (incoming, outgoing) => {
    outgoing.sendDate = sendDate;
    try {
      const body = await read(incoming);
      if (new URL(incoming.url ?? '/', 'http://front').pathname === '/token') {
        await answerToken(incoming, body, outgoing);
      } else {
        send(await answer(incoming, body), outgoing);
      }
    } catch {
      // The client went away, or a test's own fault threw: either way there is nobody to tell but the client.
      incoming.socket.destroy();
    }
  });
  const origin = await listenOnLoopback(server);
  return {
    origin,
    tokenUrl: `${origin}/token`,
    requests,
    answers,
    get granted() {
      return answers.entries.filter(({ status }) => status === 200).length;
    },
    disturb: (fault) => {
      disturbance = fault === undefined || typeof fault === 'function' ? fault : () => fault;
    },
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

function send({ status, headers, body }: PlainAnswer, outgoing: ServerResponse): void {
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = headers;
  outgoing.writeHead(status, { ...rest, 'content-length': Buffer.byteLength(body) }).end(body);
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
