import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';

/**
 * Refuses what a page of another site may have made a browser ask. A name that somebody else's DNS leads here (rebinding) makes the
 * browser take this server for a part of that site, and let the site read it: so a browser must have come by an address, by
 * `localhost` or by the name in `ATTACHE_ADMIN`. Probes and scrapers, which come by any name, ask for other paths.
 *
 * @param own the host of `ATTACHE_ADMIN`.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
 */
export function requireOwnHost(own: string): MiddlewareHandler {
  return async (context, next) => {
    const host = hostOf(context.req.header('host'));
    if (host === undefined || !isOwn(host, own)) {
      const message = `This page is not for the host ${JSON.stringify(host ?? '')}. Ask for it by an address or as localhost, or write the host into ATTACHE_ADMIN.`;
      return context.json({ error: { code: 'host_not_allowed', message } }, 421);
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${context.req.header('host')}`) {
      const message = 'This is not for the pages of other sites. Open it in a tab of its own.';
      return context.json({ error: { code: 'origin_not_allowed', message } }, 403);
    }
    return next();
  };
}

/** In lower case, without port, brackets and the dot that ends a full name; undefined when it is none. */
export function hostOf(header: string | undefined): string | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header ?? '');
  return (parts?.[1] ?? parts?.[2])?.toLowerCase().replace(/\.$/, '');
}

function isOwn(host: string, own: string): boolean {
  return isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost') || host === own.toLowerCase();
}
