import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { gitEnvironment } from '../support/github/bare-repositories.ts';

/** Signs an app's JWT that is good for nine minutes, unless `claims` says otherwise. */
export function signJwt(
  privateKey: string,
  claims: Record<string, unknown>,
  header: JWTHeaderParameters = { alg: 'RS256' },
) {
  const now = Math.floor(Date.now() / 1000);
  const key = header.alg === 'HS256' ? Buffer.from(privateKey) : createPrivateKey(privateKey);
  return new SignJWT({ iat: now - 60, exp: now + 540, ...claims } as JWTPayload).setProtectedHeader(header).sign(key);
}

/** Where a test's request goes, over TLS with the certificate checked. */
export interface Target {
  readonly port: number;
  readonly ca: string;
  readonly host: string;
}

/** What came back; `json` is undefined when the body is none. */
export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it at once
  readonly json: any;
}

/** Sends `GET /path` or another method, with a JSON body when there is one, over HTTP/1.1. */
export async function call(
  { port, ca, host }: Target,
  line: string,
  authorization?: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Received> {
  const [method = '', path = ''] = line.split(' ');
  const credential = authorization === undefined ? {} : { authorization };
  const sent = request({
    host: '127.0.0.1',
    port,
    ca,
    servername: /^[\d.]+$/.test(host) ? '' : host,
    method,
    path,
    headers: { host, ...credential, ...headers },
    agent: false,
  });
  sent.end(typeof body === 'string' || body === undefined ? (body ?? '') : JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  const received = await text(answer);
  return { status: answer.statusCode, headers: answer.headers, text: received, json: parsed(received) };
}

/**
 * The status of a GET over HTTP/2.
 * @throws Error when the stream ends without an answer
 */
export async function getByHttp2({ port, ca, host }: Target, path: string, authorization: string): Promise<number> {
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: host });
  try {
    const stream = session.request({ ':path': path, ':authority': host, authorization });
    return await new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(Number(headers[':status'])));
      stream.once('error', reject).once('close', () => reject(new Error('the stream was closed')));
    });
  } finally {
    session.destroy();
  }
}

/** Runs git without anybody's configuration; returns what it printed, and throws with its words when it fails. */
export async function git(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args, { env: gitEnvironment, timeout: 20_000 });
  return stdout.trim();
}

/** `authorization` for git over HTTPS. */
export const basic = (token: string, user = 'x-access-token') =>
  `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
