import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import type { Fetch } from './exchange.ts';

/**
 * Calls made with a client certificate (RFC 8705), which Node's own `fetch` cannot show.
 *
 * @param certificate in PEM, with the certificates between it and its CA behind it, if there are any.
 * @param key its private key.
 * @throws Error when they do not belong together, or OpenSSL takes them for too weak.
 */
export function fetchWithCertificate(certificate: string, key: KeyObject): Fetch {
  const proxyEnv = process.env.NODE_USE_ENV_PROXY === '1' ? { proxyEnv: process.env } : {};
  // An agent that is given the key itself keeps it in two strings for as long as it lives.
  const secureContext = createSecureContext({ cert: certificate, key: key.export({ type: 'pkcs8', format: 'pem' }) });
  const agent = new Agent({ secureContext, ...proxyEnv });
  return (url, { method = 'GET', headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const call = request(url, {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        agent,
        ...(signal === null || signal === undefined ? {} : { signal }),
      });
      call.once('response', (answer) => resolve(responseOf(answer)));
      // Named as `fetch` names them, but for those of the signal.
      call.once('error', (cause) =>
        reject(cause.name === 'AbortError' ? cause : new TypeError('fetch failed', { cause })),
      );
      call.end(body === undefined || body === null ? undefined : String(body));
    });
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 502, headersDistinct } = answer;
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const hasBody = ![204, 205, 304].includes(status);
  return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream) : null, { status, headers });
}
