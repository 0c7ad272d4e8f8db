import { type AdminServer, serveAdmin } from './admin/admin-server.ts';
import type { Overview } from './admin/report.ts';
import { statusOf } from './admin/status.ts';
import { VERSION } from './admin/version.ts';
import type { LabelMoved } from './secrets/label-events.ts';
import type { Settings } from './settings.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

/**
 * Serves the admin address, whoever answers Envoy: this process or its workers.
 *
 * @param source.ready whether Envoy can be answered.
 * @param source.overview asks how each worker is doing.
 * @param source.moved tells the workers of a secret that has a new value.
 * @throws Error when the address cannot be had.
 */
export async function serveOverview(
  settings: Settings,
  source: {
    readonly ready: () => boolean;
    readonly overview: () => Promise<Overview>;
    readonly moved: (event: LabelMoved) => void;
    readonly log: Log;
  },
): Promise<AdminServer> {
  const { ready, overview, moved, log } = source;
  const status = async () => statusOf(await overview(), { version: VERSION, file: settings.config });
  const sources = { ready, status, metrics: createMetrics(overview) };
  if (settings.edit === 'off') return serveAdmin(sources, settings.admin);

  const [{ EditToken }, { editorApp }] = await Promise.all([
    import('./editor/edit-token.ts'),
    import('./editor/editor-app.ts'),
  ]);
  const token = new EditToken();
  const { host } = settings.admin;
  let { port } = settings.admin;
  const admin = () => `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { config: file, fetchDeadline } = settings;
  const editor = editorApp({ file, fetchDeadline, token, admin, moved, log });
  const server = await serveAdmin({ ...sources, editor }, settings.admin);
  ({ port } = server);
  // Neither a log, which others may collect, nor ever again.
  process.stderr.write(`Set up integrations: ${token.url({ host, port })}\n`);
  return server;
}
