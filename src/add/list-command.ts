import type { YAMLMap } from 'yaml';
import { table } from '../admin/table.ts';
import type { Integration } from '../integrations/integration.ts';
import { liveRoutes, routeConfigOf } from '../integrations/live-routes.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { findIntegration } from './find-integration.ts';
import { managers, urlOf } from './listeners.ts';
import { examineReadable, type Readable } from './readable.ts';

/** An integration of a file, as `attache list` shows it. */
export interface Listed {
  readonly name: string;
  /** Where programs reach it; none where the file has no routes, or has them for no listener of its own. */
  readonly addresses: readonly string[];
  /** The host to which its requests go. */
  readonly target: string;
  /** The kinds of credential that it gets, by their keys. */
  readonly credentials: readonly string[];
  /** Where its key is put, such as `authorization` or `query key`. */
  readonly places: readonly string[];
  readonly secret: string;
  /** Who may use it; none: whoever reaches it. */
  readonly callers: readonly string[];
  /** What may be requested; none: everything. */
  readonly allow: readonly string[];
  /** Whether an edit of it is in use while Envoy runs; undefined where its routes are in another file. */
  readonly live: boolean | undefined;
  /** `file:line` */
  readonly where: string;
}

/**
 * `attache list`: prints the integrations of a file, as a table or as JSON.
 *
 * @returns the exit code: 1 when some of the file is not valid, which stands on stderr.
 * @throws CatalogueError when the file cannot be read.
 */
export function list({ file, json }: { readonly file: string; readonly json?: boolean }): number {
  const readable = examineReadable(file, readText(file));
  const listed = listedIn(readable);
  process.stdout.write(json === true ? `${JSON.stringify(listed, undefined, 2)}\n` : tableOf(file, listed));
  const errors = readable.problems.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return 0;
  process.stderr.write(
    `${file} has ${errors === 1 ? '1 error' : `${errors} errors`}, and what is not valid is not shown; type attache check ${file}\n`,
  );
  return 1;
}

/** The integrations of a file, in its order. */
export function listedIn(readable: Readable): Listed[] {
  const live = new Set<YAMLMap | undefined>(
    liveRoutes(readable.source, readable.maps).map(({ routeConfig }) => routeConfig),
  );
  return [...readable.catalogue].map((integration) => listedOf(readable, integration, live));
}

function listedOf(readable: Readable, integration: Integration, live: ReadonlySet<YAMLMap | undefined>): Listed {
  const { name, host, waysIn, kinds, places, secretId, callers, allow, where } = integration;
  const { routes } = findIntegration(readable, name);
  const [route] = routes;
  const manager = managers(readable).find(
    ({ node }) => route?.routeConfig !== undefined && routeConfigOf(readable.source, node) === route.routeConfig,
  );
  return {
    name,
    addresses: [...new Set(waysIn.map(({ domain, prefix }) => urlOf(domain, manager) + prefix))],
    target: host,
    credentials: kinds.map(({ kind }) => kind),
    places,
    secret: secretId,
    callers: callers.rules,
    allow: allow?.map(({ text }) => text) ?? [],
    live: readable.isEnvoy ? routes.every(({ routeConfig }) => live.has(routeConfig)) : undefined,
    where,
  };
}

function tableOf(file: string, listed: readonly Listed[]): string {
  if (listed.length === 0) return `${file} has no integration; type attache add NAME\n`;
  const rows = listed.map((it) => [
    it.name,
    it.addresses[0] ?? '-',
    it.target,
    `${it.credentials.join(', ')} (${it.places.join(', ')})`,
    it.secret,
    it.callers.length === 0 ? 'anyone' : it.callers.join(', '),
    it.allow.length === 0 ? 'everything' : it.allow.join(', '),
    it.live === undefined ? '-' : it.live ? 'yes' : 'restart Envoy',
  ]);
  return `${table([['NAME', 'ADDRESS', 'TARGET', 'KEY', 'SECRET', 'CALLERS', 'ALLOW', 'LIVE'], ...rows]).join('\n')}\n`;
}
