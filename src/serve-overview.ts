import { type AdminServer, serveAdmin } from './admin/admin-server.ts';
import type { Overview } from './admin/report.ts';
import { statusOf } from './admin/status.ts';
import { VERSION } from './admin/version.ts';
import type { Settings } from './settings.ts';
import { createMetrics } from './telemetry/metrics.ts';

/**
 * Serves the admin address, whoever answers Envoy: this process or its workers.
 *
 * @param source.ready whether Envoy can be answered.
 * @param source.overview asks how each worker is doing.
 * @throws Error when the address cannot be had.
 */
export function serveOverview(
  settings: Settings,
  source: { readonly ready: () => boolean; readonly overview: () => Promise<Overview> },
): Promise<AdminServer> {
  const { ready, overview } = source;
  const status = async () => statusOf(await overview(), { version: VERSION, file: settings.config });
  return serveAdmin({ ready, status, metrics: createMetrics(overview) }, settings.admin);
}
