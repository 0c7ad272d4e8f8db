import { isSeq, type Node, parse, type YAMLMap, type YAMLSeq } from 'yaml';
import { liveRoutes, routeConfigOf } from '../integrations/live-routes.ts';
import { AddError } from './add-error.ts';
import { allowHeaders, type Widened } from './allow-headers.ts';
import { listItem, RETRY_ANCHOR, virtualHost } from './blocks.ts';
import { credentialsIn } from './credentials-in.ts';
import { clusterFor, hasAnchor, refuseTaken, virtualHosts } from './envoy-place.ts';
import { expressRoute } from './express-route.ts';
import { grow } from './grow.ts';
import type { Entry } from './insert-entry.ts';
import { type Manager, managers } from './listeners.ts';
import { examineReadable, type Readable } from './readable.ts';
import { redactFilter } from './redact-filter.ts';
import { surroundings } from './surroundings.ts';
import type { Wanted } from './wanted.ts';
import { wholeBodyFilter } from './whole-body.ts';

/** A file's text with an integration added. */
export interface Addition {
  readonly text: string;
  /** Where the added lines begin, from 1. */
  readonly line: number;
  /** The one other line that had to change, if one had to. */
  readonly widened: Widened | undefined;
  /** False for a plain list, whose routes are elsewhere. */
  readonly isEnvoy: boolean;
  /** Whether Envoy gets its routes of Attaché while it runs. */
  readonly isLive: boolean;
  /** The listener by which it is reached; undefined when that is in another file. */
  readonly manager: Manager | undefined;
}

/**
 * Adds an integration to the text of a file, which it does not write. Every byte that was there stays, but for a longer
 * `allow_expression`.
 *
 * @param options.cluster where its route goes; found in the file unless given.
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function addToText(
  file: string,
  text: string,
  wanted: Wanted,
  options: { readonly cluster?: string | undefined } = {},
): Addition {
  const examined = examineReadable(file, text);
  const { source, isEnvoy } = examined;
  const list = isEnvoy ? virtualHosts(examined) : integrationList(examined);
  refuseTaken(examined, isEnvoy ? list : undefined, wanted.name);
  const lines = linesFor(examined, wanted, { ...options, list });
  const { insertion, after } = grow(text, source, list, entryOf(lines, list));
  const widened = isEnvoy ? allowHeaders(insertion.text, after, wanted.name) : undefined;
  return { text: widened?.text ?? insertion.text, line: insertion.line, widened, ...placeOfList(examined, list) };
}

/** How integrations are reached whose virtual hosts stand in a list. */
export function placeOfList(
  examined: Readable,
  list: Node | undefined,
): Pick<Addition, 'isEnvoy' | 'isLive' | 'manager'> {
  const { source, maps, isEnvoy } = examined;
  const isOf = (routeConfig: YAMLMap | undefined) =>
    list !== undefined && source.get(routeConfig, 'virtual_hosts') === list;
  const manager = managers(examined).find(({ node }) => isOf(routeConfigOf(source, node)));
  return { isEnvoy, isLive: liveRoutes(source, maps).some((it) => isOf(it.routeConfig)), manager };
}

/**
 * The lines that a file needs for an integration, to be pasted by hand.
 *
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function linesToPaste(
  file: string,
  text: string,
  wanted: Wanted,
  options: { readonly cluster?: string | undefined } = {},
): readonly string[] {
  return linesFor(examineReadable(file, text), wanted, options);
}

/** The one item that lines of block YAML are. */
function entryOf(lines: readonly string[], list: YAMLSeq<unknown>): Entry {
  return { lines, value: list.flow === true ? parse(lines.join('\n'))[0] : undefined };
}

function linesFor(
  examined: Readable,
  wanted: Wanted,
  { cluster, list }: { cluster?: string | undefined; list?: YAMLSeq<unknown> },
): readonly string[] {
  if (!examined.isEnvoy) return listItem(wanted, { oneLine: isInBrackets(list?.items.at(-1)) });
  const { lane } = wanted.rules;
  const target = clusterFor(examined, cluster, lane);
  // In brackets it is written as JSON, which has no aliases.
  const before = list?.flow === true ? 0 : (list?.range?.[0] ?? Number.POSITIVE_INFINITY);
  const readsBody = credentialsIn(wanted.credential).some((credential) => credential.readsBody === true);
  return virtualHost(wanted, {
    cluster: target,
    buffer: readsBody ? wholeBodyFilter(examined, target, list) : undefined,
    redact: wanted.rules.redact ? redactFilter(examined, list) : undefined,
    express: lane === 'express' ? expressRoute(examined, wanted, target, before) : undefined,
    hasAnchor: hasAnchor(examined.source, RETRY_ANCHOR, before),
    surroundings: surroundings(examined, list),
  });
}

function integrationList({ source }: Readable): YAMLSeq<unknown> {
  const list = source.get(source.root, 'integrations');
  if (!isSeq(list))
    throw new AddError(`${source.file} has no list of integrations yet; paste what --print shows under integrations:`);
  return list;
}

function isInBrackets(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'flow' in item && item.flow === true;
}
