import { isSeq, type Node } from 'yaml';
import { type Block, readBlock } from './block.ts';
import { didYouMean } from './closest.ts';
import type { Route } from './envoy-routes.ts';
import { hostFault } from './host.ts';
import { type PinnedHost, pinnedHost } from './pinned-host.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** A block and the host that it is for. */
export interface Candidate {
  readonly block: Block;
  /** Undefined when there is a problem with it. */
  readonly pinned: PinnedHost | undefined;
}

/** What was read so far. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly problems: readonly Problem[];
}

/** The blocks of an Envoy configuration. */
export function ofRoutes(source: YamlSource, routes: readonly Route[]): Candidates {
  const problems: Problem[] = [...serverWide(source)];
  const candidates: Candidate[] = [];
  for (const { route, block: found } of routes) {
    if (found === undefined) continue;
    const block = readBlock(source, found.value, found.key);
    const pinned = pinnedHost(source, route);
    problems.push(...block.problems, ...('host' in pinned ? [] : pinned));
    if ('name' in block) candidates.push({ block, pinned: 'host' in pinned ? pinned : undefined });
  }
  return { candidates, problems };
}

/** The blocks of a plain file: a list under `integrations`, each with its host. */
export function ofList(source: YamlSource): Candidates {
  const problems = source
    .pairs(source.root)
    .filter(({ key }) => key !== 'integrations')
    .map(({ key, keyNode }) =>
      source.error(keyNode, `"${key}" does not stand beside integrations`, didYouMean(key, ['integrations'])),
    );
  const list = source.get(source.root, 'integrations');
  if (list !== undefined && !isSeq(list)) {
    problems.push(source.error(list, 'integrations is no list', 'begin each integration with a hyphen'));
  }
  const candidates: Candidate[] = [];
  for (const item of source.items(list)) {
    const block = readBlock(source, item, undefined, ['host']);
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
    else candidates.push({ block, pinned: 'host' in host ? host : undefined });
  }
  return { candidates, problems };
}

function listedHost(source: YamlSource, item: Node): PinnedHost | Problem {
  const node = source.get(item, 'host');
  if (node === undefined)
    return source.error(item, 'no pinned host', 'add host: <host of the API>, as Envoy rewrites it');
  const host = textOf(node) ?? '';
  const fault = hostFault(host);
  return fault === undefined ? { host, node } : source.error(node, fault.reason, fault.mend);
}

/** The server-wide block, `node.metadata.attache`: none of its keys is supported yet. */
function serverWide(source: YamlSource): Problem[] {
  const keys = ['tags', 'defaults'];
  const block = source.get(source.root, 'node', 'metadata', 'attache');
  if (block !== undefined && source.map(block) === undefined)
    return [source.error(block, 'node.metadata.attache is no map', 'take it out')];
  return source
    .pairs(block)
    .map(({ key, keyNode }) =>
      keys.includes(key)
        ? source.error(keyNode, `${key} is not supported yet`, 'take it out until a release has it')
        : source.error(
            keyNode,
            `"${key}" is no key of node.metadata.attache`,
            key === 'integration' || key === 'secret'
              ? "an integration stands in a route's metadata.filter_metadata"
              : 'take it out',
          ),
    );
}
