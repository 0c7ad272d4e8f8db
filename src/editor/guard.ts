import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { hostOf } from '../admin/host-check.ts';
import { isLoopbackAddress, isThisMachine } from '../admin/loopback.ts';
import type { EditToken } from './edit-token.ts';

type Guard = MiddlewareHandler<{ Bindings: HttpBindings }>;

/** What goes with every answer: it may be kept, framed, embedded and read by nobody else, and runs nothing but its own files. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/**
 * Lets in what a browser on this machine asks for a page of this server, and nothing else: the connection is by loopback, the host an
 * address of it or `localhost` (whatever the port, which a tunnel may change), and where the browser says which page asks, it is one of
 * the same origin. A name that somebody else's DNS leads here is none of these.
 */
export const requireThisMachine: Guard = async (context, next) => {
  for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
  const { socket } = context.env.incoming;
  const refuse = (status: 403 | 421, code: string, message: string) =>
    context.json({ error: { code, message } }, status);
  if (![socket.localAddress, socket.remoteAddress].every((address) => isLoopbackAddress(address ?? '')))
    return refuse(403, 'not_this_machine', 'Integrations are set up from the machine of Attaché alone.');
  const host = context.req.header('host');
  if (!isThisMachine(hostOf(host) ?? ''))
    return refuse(421, 'host_not_allowed', 'Open this page by a loopback address, as Attaché printed it.');
  const origin = context.req.header('origin');
  const site = context.req.header('sec-fetch-site');
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  const isPage = context.req.method === 'GET' && context.req.header('sec-fetch-mode') === 'navigate';
  if (isForeign || (site !== undefined && site !== 'same-origin' && site !== 'none' && !isPage))
    return refuse(403, 'origin_not_allowed', 'This is not for the pages of other sites. Open it in a tab of its own.');
  return next();
};

/** Lets in who holds the token; what changes something must also say from which page it comes. */
export function requireToken(token: EditToken): Guard {
  return async (context, next) => {
    if (!token.isIn(context.req.header('authorization'))) {
      context.header('www-authenticate', 'Bearer');
      const message = 'Open this page with the line that Attaché printed when it started; each start has another.';
      return context.json({ error: { code: 'no_token', message } }, 401);
    }
    if (context.req.method !== 'GET' && context.req.header('origin') === undefined) {
      const message = 'Only a page of this server may change something.';
      return context.json({ error: { code: 'origin_not_allowed', message } }, 403);
    }
    return next();
  };
}
