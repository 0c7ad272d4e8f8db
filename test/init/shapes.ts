import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanOptions } from '../../src/init/plan.ts';

/** Envoy configurations as other people write them. */
export const FOREIGN = join(import.meta.dirname, 'foreign');

/** One that can have integrations, and how it is given them. */
export interface Shape {
  readonly file: string;
  readonly options: PlanOptions;
  /** The listener that then adds keys. */
  readonly listener: string;
  /** What its own routes answer, before and after: the status for a host. */
  readonly own?: { readonly listener?: string; readonly host: string; readonly path?: string; readonly status: number };
  readonly isTls?: boolean;
}

/** Where nothing is said, a listener of Attaché's own is added. */
export const SHAPES: readonly Shape[] = [
  {
    file: 'dynamic-forward-proxy.yaml',
    options: { listener: 'egress' },
    listener: 'egress',
    own: { host: 'nowhere.invalid', status: 503 },
  },
  {
    file: 'static-clusters.yaml',
    options: {},
    listener: 'attache',
    own: { listener: 'front', host: 'other', status: 404 },
  },
  {
    file: 'credential-injector.yaml',
    options: { listener: 'partners' },
    listener: 'partners',
    own: { host: 'partner.internal', status: 503 },
  },
  {
    file: 'lua-headers.yaml',
    options: { listener: 'scripted' },
    listener: 'scripted',
    own: { host: 'search.internal', status: 503 },
  },
  {
    file: 'ext-authz.yaml',
    options: { listener: 'guarded' },
    listener: 'guarded',
    own: { host: 'app.internal', status: 503 },
  },
  { file: 'xds-only.yaml', options: {}, listener: 'attache' },
  {
    file: 'two-listeners.yaml',
    options: { listener: 'egress' },
    listener: 'egress',
    own: { listener: 'ingress', host: 'mine.int', status: 503 },
  },
  {
    file: 'several-managers.yaml',
    options: { listener: 'programs' },
    listener: 'both',
    own: { host: 'other', status: 404 },
  },
  {
    file: 'tls-inside.yaml',
    options: { listener: 'secure' },
    listener: 'secure',
    own: { host: 'health.internal', path: '/health', status: 200 },
    isTls: true,
  },
  { file: 'no-routes.yaml', options: {}, listener: 'attache' },
  { file: 'empty-routes.yaml', options: { listener: 'new' }, listener: 'new', own: { host: 'other', status: 404 } },
  { file: 'mesh-gateway.yaml', options: {}, listener: 'attache' },
  { file: 'json.json', options: {}, listener: 'attache', own: { listener: 'front', host: 'other', status: 404 } },
  {
    file: 'json-in-one-line.json',
    options: { listener: 'front' },
    listener: 'front',
    own: { host: 'other', status: 404 },
  },
  { file: 'json-with-tabs.json', options: { listener: 'both' }, listener: 'both', own: { host: 'other', status: 404 } },
];

/** The text of a foreign file. */
export function foreign(file: string): string {
  return readFileSync(join(FOREIGN, file), 'utf8');
}
