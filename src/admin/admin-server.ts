import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { atMostTenASecond } from './at-most.ts';
import { requireOwnHost } from './host-check.ts';
import { statusPage } from './page.ts';

/** What the admin server tells. None of it holds a secret. */
export interface AdminSources {
  /** Whether requests can be answered. */
  readonly ready: () => boolean;
  /** The state of everything, as `/api/status` prints it. */
  readonly status: () => Promise<object>;
  /** The metrics as text. */
  readonly metrics: () => Promise<string>;
  /** The page on which integrations are set up, at `/edit`. Absent: there is none, and nothing can be changed. */
  readonly editor?: Hono<{ Bindings: HttpBindings }> | undefined;
}

/** A server that listens, and how to end it. */
export interface AdminServer {
  /** The port that was had, where the address leaves it open. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Serves `/healthz` (the process lives), `/readyz` (at least one worker can answer Envoy), `/metrics` (Prometheus),
 * `/api/status` (JSON) and a page for people at `/`. It only tells; nothing can be changed through it, but for the page `/edit` where
 * there is one.
 *
 * The page and `/api/` are for who comes by an address, by `localhost` or by the name in `ATTACHE_ADMIN`: see {@link requireOwnHost}.
 * `/readyz` does not wait for every worker: one of several that starts again is no reason to take the others out of service.
 *
 * @throws Error when the address cannot be had.
 */
export function serveAdmin(sources: AdminSources, address: { host: string; port: number }): Promise<AdminServer> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  // Whoever can reach the address may ask as often as it likes, and each answer looks at every integration.
  const status = atMostTenASecond(async () => JSON.stringify(await sources.status()));
  const metrics = atMostTenASecond(sources.metrics);
  const ownHost = requireOwnHost(address.host);
  app.use('/', ownHost);
  app.use('/api/*', ownHost);
  app.get('/', (context) => {
    context.header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
    );
    return context.html(statusPage({ edits: sources.editor !== undefined }));
  });
  if (sources.editor !== undefined) app.route('/edit', sources.editor);
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => (sources.ready() ? context.text('ready\n') : context.text('not ready\n', 503)));
  app.get('/api/status', async (context) => context.body(await status(), 200, { 'content-type': 'application/json' }));
  app.get('/metrics', async (context) => context.text(await metrics()));
  // Its own Request and Response are for itself: what asks for tokens counts on those of Node.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error) =>
      reject(new Error(`cannot listen on ${address.host}:${address.port} (ATTACHE_ADMIN): ${error.message}`)),
    );
    server.listen(address.port, address.host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
  });
}
