import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type Credential, credentialIn } from './credential.ts';

export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

/** Which part of GitHub a call is for, and within REST which of the calls that an app makes for itself. */
export type Operation = 'create-token' | 'find-installation' | 'app' | 'rest' | 'graphql' | 'git';

/** A request as it arrived, read but not yet judged. */
export interface Call {
  readonly at: Date;
  readonly protocol: 'http' | 'https';
  readonly httpVersion: string;
  /** `:authority` or Host, without the port, in lower case. */
  readonly host: string;
  readonly method: string;
  /** The path with its query, as it came. */
  readonly path: string;
  readonly operation: Operation;
  /**
   * What the path means below the root of its API: decoded, without empty and dot segments, however it was spelt. It is more lenient than
   * GitHub, so that a path which somebody else misread shows.
   */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly credential: Credential | undefined;
}

/** Reads everything but the body. */
export function callOf(incoming: Incoming, protocol: Call['protocol']): Call {
  const authority = incoming.headers[':authority'] ?? incoming.headers.host ?? '';
  const host = String(authority).replace(/:\d+$/, '').toLowerCase();
  const path = incoming.url ?? '/';
  const url = new URL(path.startsWith('/') ? `http://github${path}` : path, 'http://github');
  const method = incoming.method ?? 'GET';
  const { api, segments } = placeOf(host, segmentsOf(url.pathname));
  return {
    at: new Date(),
    protocol,
    httpVersion: incoming.httpVersion,
    host,
    method,
    path,
    operation: api === 'rest' ? restOperation(method, segments) : api,
    segments,
    query: url.searchParams,
    headers: Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !name.startsWith(':'))),
    credential: credentialIn(incoming.headers.authorization),
  };
}

/** Reads a body to its end. */
export async function bodyOf(incoming: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function segmentsOf(pathname: string): string[] {
  const segments: string[] = [];
  for (const segment of decoded(pathname).split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

/** github.com has a host for each; a GitHub Enterprise Server, which every other host is, has a folder. */
function placeOf(host: string, segments: string[]): { api: 'rest' | 'graphql' | 'git'; segments: string[] } {
  const [first, second] = segments;
  if (host === 'github.com') return { api: 'git', segments };
  if (host === 'api.github.com')
    return { api: first === 'graphql' && second === undefined ? 'graphql' : 'rest', segments };
  if (first === 'api' && second === 'v3') return { api: 'rest', segments: segments.slice(2) };
  if (first === 'api' && second === 'graphql') return { api: 'graphql', segments: segments.slice(1) };
  return { api: 'git', segments };
}

function restOperation(method: string, segments: readonly string[]): Operation {
  const [first, second] = segments;
  const last = segments.at(-1);
  if (first === 'app') {
    return method === 'POST' && second === 'installations' && last === 'access_tokens' ? 'create-token' : 'app';
  }
  const ofOwner = (first === 'orgs' || first === 'users') && segments.length === 3;
  return last === 'installation' && (ofOwner || (first === 'repos' && segments.length === 4))
    ? 'find-installation'
    : 'rest';
}
