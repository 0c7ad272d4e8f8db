import { isSeq, type Node } from 'yaml';
import { type Block, readBlock } from './block.ts';
import { didYouMean } from './closest.ts';
import type { ServerWide } from './description.ts';
import type { Route } from './envoy-routes.ts';
import { hostFault } from './host.ts';
import { type PinnedHost, pinnedHost } from './pinned-host.ts';
import { MOST_PROBLEMS, type Problem } from './problem.ts';
import { readServerWide, SERVER_WIDE_KEYS, serverWideOfEnvoy } from './server-wide.ts';
import { type WayIn, waysInto } from './way-in.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** A block and the host that it is for. */
export interface Candidate {
  readonly block: Block;
  /** Undefined when there is a problem with it. */
  readonly pinned: PinnedHost | undefined;
  /** How callers reach it; none where the file has no routes. */
  readonly waysIn: readonly WayIn[];
}

/** What was read so far. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly serverWide: ServerWide;
  readonly problems: readonly Problem[];
}

/** The blocks of an Envoy configuration. */
export function ofRoutes(source: YamlSource, routes: readonly Route[]): Candidates {
  const { serverWide, problems } = serverWideOfEnvoy(source);
  const candidates: Candidate[] = [];
  for (const it of routes) {
    const { route, block: found } = it;
    if (found === undefined) continue;
    const block = readBlock(source, found.value, found.key, serverWide);
    const pinned = pinnedHost(source, route);
    problems.push(...block.problems, ...('host' in pinned ? [] : pinned.slice(0, MOST_PROBLEMS)));
    if (!('name' in block)) continue;
    candidates.push({ block, pinned: 'host' in pinned ? pinned : undefined, waysIn: waysInto(source, it) });
  }
  return { candidates, serverWide, problems };
}

/** The blocks of a plain file: a list under `integrations`, each with its host. */
export function ofList(source: YamlSource): Candidates {
  const keys = ['integrations', ...SERVER_WIDE_KEYS];
  const { serverWide, problems } = readServerWide(source, source.root);
  const unknown = source
    .pairs(source.root)
    .filter(({ key }) => !keys.includes(key))
    .slice(0, MOST_PROBLEMS)
    .map(({ key, keyNode }) =>
      source.error(keyNode, `"${key}" does not stand beside integrations`, didYouMean(key, keys)),
    );
  problems.push(...unknown);
  const list = source.get(source.root, 'integrations');
  if (list !== undefined && !isSeq(list)) {
    problems.push(source.error(list, 'integrations is no list', 'begin each integration with a hyphen'));
  }
  const candidates: Candidate[] = [];
  for (const item of source.items(list)) {
    const block = readBlock(source, item, undefined, serverWide, ['host']);
    const host = listedHost(source, item);
    problems.push(...block.problems, ...('host' in host ? [] : [host]));
    if (!('name' in block)) continue;
    if (block.refers)
      problems.push(
        source.error(
          block.nameNode,
          `integration ${block.name} has neither secret nor kind of credential`,
          'add both; a name alone is for the routes of Envoy',
        ),
      );
    else candidates.push({ block, pinned: 'host' in host ? host : undefined, waysIn: [] });
  }
  return { candidates, serverWide, problems };
}

function listedHost(source: YamlSource, item: Node): PinnedHost | Problem {
  const node = source.get(item, 'host');
  if (node === undefined)
    return source.error(item, 'no pinned host', 'add host: <host of the API>, as Envoy rewrites it');
  const host = textOf(node) ?? '';
  const fault = hostFault(host);
  return fault === undefined ? { host, node } : source.error(node, fault.reason, fault.mend);
}
