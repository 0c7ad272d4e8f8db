import type { Node } from 'yaml';
import { liveRoutes } from '../integrations/live-routes.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { AddError } from './add-error.ts';
import { findIntegration, listHolding, refuseUnknown } from './find-integration.ts';
import { examineReadable, type Readable } from './readable.ts';
import { shrink } from './shrink.ts';
import { type Narrowed, takeHeadersBack } from './take-headers-back.ts';

/** A file's text with an integration removed. */
export interface Removal {
  readonly text: string;
  /** The line on which it began, from 1. */
  readonly line: number;
  /** What Attaché may write no more, where `attache add` had let it. */
  readonly narrowed: Narrowed | undefined;
  /** Its secret, and which of the integrations that are left use it too; undefined when the file does not say. */
  readonly secret: { readonly id: string; readonly usedBy: readonly string[] } | undefined;
  /** Virtual hosts that stay, since they have routes which are not its own. */
  readonly stays: readonly string[];
  /** False for a plain list, whose routes are elsewhere. */
  readonly isEnvoy: boolean;
  /** Whether Envoy gets all its routes of Attaché while it runs. */
  readonly isLive: boolean;
}

/**
 * Takes an integration out of the text of a file, which it does not write: its virtual host, or its routes where others stand in the
 * same virtual host, and the headers that only it needed. Every other byte stays; what `addToText` added is gone to the byte.
 *
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function removeFromText(file: string, text: string, name: string): Removal {
  const before = examineReadable(file, text);
  refuseUnknown(before, name);
  const { source, isEnvoy } = before;
  const { routes, items } = findIntegration(before, name);
  const secretId = [...routes.map(({ block }) => block?.value), ...items]
    .map((block) => textOf(source.get(block, 'secret')))
    .find((id) => id !== undefined);
  const live = liveRoutes(source, before.maps).map(({ routeConfig }) => routeConfig);
  const narrowed = isEnvoy ? takeHeadersBack(text, before, name) : undefined;

  let current = narrowed?.text ?? text;
  let now = narrowed === undefined ? before : examineReadable(file, current);
  let line: number | undefined;
  const stays = new Set<string>();
  for (let next = foremost(now, name); next !== undefined; next = foremost(now, name)) {
    const place = listHolding(now, next.node);
    if (place === undefined)
      throw new AddError(
        `integration ${name} stands at ${file}:${now.source.place(next.node).line} in no list; take its lines away by hand`,
      );
    const { shortened, after } = shrink(current, now, { ...place, what: `integration ${name}` });
    if (next.stays !== undefined) stays.add(next.stays);
    line ??= shortened.line;
    [current, now] = [shortened.text, after];
  }
  return {
    text: current,
    line: line ?? 1,
    narrowed,
    secret: secretId === undefined ? undefined : { id: secretId, usedBy: namesOf(now, secretId) },
    stays: [...stays],
    isEnvoy,
    isLive: routes.length > 0 && routes.every(({ routeConfig }) => live.some((it) => it === routeConfig)),
  };
}

/** The first thing that goes: a virtual host all of whose routes are of the integration, or a route of one that `stays`, or an item. */
function foremost(now: Readable, name: string): { readonly node: Node; readonly stays?: string } | undefined {
  const { routes, items } = findIntegration(now, name);
  const [route] = routes;
  if (route === undefined) return items[0] && { node: items[0] };
  const { virtualHost } = route;
  const own = new Set<Node>(routes.map((it) => it.route));
  if (now.source.items(now.source.get(virtualHost, 'routes')).every((it) => own.has(it))) return { node: virtualHost };
  return { node: route.route, stays: textOf(now.source.get(virtualHost, 'name')) ?? '' };
}

function namesOf({ catalogue }: Readable, secretId: string): string[] {
  return catalogue.using(secretId).map(({ name }) => name);
}
