import { isSeq, type Node, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { type AttacheFilter, findAttacheFilter, findDiscoveryFilters } from '../check/attache-filter.ts';
import { configuration, httpOptions } from '../check/configuration.ts';
import { findPassages } from '../check/passages.ts';
import type { Lane } from '../integrations/description.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { AddError } from './add-error.ts';
import { domainsOf } from './blocks.ts';
import type { Readable } from './readable.ts';

/**
 * The list of virtual hosts that a new one joins: the one with integrations, the one where callers ask what they may use, or the only
 * one there is.
 *
 * @throws AddError when there is none, or more than one.
 */
export function virtualHosts({ source, maps, routes }: Readable): YAMLSeq<unknown> {
  const listOf = (map: unknown) => source.get(map, 'virtual_hosts');
  const withBlocks = routes.filter(({ block }) => block !== undefined).map(({ routeConfig }) => listOf(routeConfig));
  const withDiscovery = maps
    .filter((map) => findDiscoveryFilters(source, source.get(map, 'http_filters')).length > 0)
    .map((map) => listOf(routeConfigOf(source, map)));
  const candidates = [withBlocks, withDiscovery].find((lists) => lists.length > 0) ?? maps.map(listOf);
  const lists = [...new Set(candidates)].filter((node) => isSeq(node));
  const [list, other] = lists;
  if (list === undefined)
    throw new AddError(
      `${source.file} has no virtual_hosts to which an integration could be added; type attache init ${source.file} first, or name another --file`,
    );
  if (other !== undefined && withBlocks.length === 0 && withDiscovery.length === 0)
    throw new AddError(
      `${source.file} has several lists of virtual_hosts, and none of them has anything of Attaché; type attache init ${source.file} first`,
    );
  if (other !== undefined) {
    const places = lists.map((node) => `${source.file}:${source.place(node).line}`).join(' and ');
    throw new AddError(`integrations stand in several lists of virtual_hosts (${places}); paste what --print shows`);
  }
  return list;
}

/**
 * The cluster to which a new route goes: the one that finds each host by its name and asks Attaché.
 *
 * @param given the one that the user names.
 * @param lane whether it asks about each attempt.
 * @throws AddError when it is not clear which.
 */
export function clusterFor(examined: Readable, given: string | undefined, lane: Lane = 'ext_proc'): string {
  if (given !== undefined) return given;
  const { source } = examined;
  if (lane === 'express') return expressCluster(examined);
  const passages = findPassages(configuration(examined)).filter(({ asks, filter, cluster }) => {
    // A cluster of another file, as RDS has it, cannot be looked at.
    return asks && (filter?.lane === 'ext_proc' || cluster === undefined);
  });
  const { clusters } = configuration(examined);
  const used = new Map(passages.map(({ clusterName, cluster }) => [clusterName, cluster]));
  const asking = new Map([...clusters].filter(([, cluster]) => attacheFilter(source, cluster)?.lane === 'ext_proc'));
  const anyHost = [...(used.size > 0 ? used : asking)].filter(
    ([, cluster]) =>
      cluster === undefined || isA(source, source.get(cluster, 'cluster_type', 'typed_config'), 'ClusterConfig'),
  );
  const [first, second] = anyHost;
  if (first !== undefined && second === undefined) return first[0];
  if (anyHost.length === 0 && asking.size === 0)
    throw new AddError(`${source.file} has nothing of Attaché yet; type attache init ${source.file} first`);
  const reason =
    anyHost.length === 0
      ? 'no route with an integration goes to a dynamic forward proxy, which finds every host'
      : `integrations go to several clusters (${anyHost.map(([name]) => name).join(', ')})`;
  const mend = anyHost.length === 0 ? 'name a cluster that asks Attaché' : 'name one';
  throw new AddError(`${reason}; ${mend} with --cluster`, { field: 'cluster', message: `${reason}; ${mend}` });
}

/** The cluster by which Envoy sends on its own what Attaché has pushed. */
function expressCluster(examined: Readable): string {
  const { source } = examined;
  const clusters = [...configuration(examined).clusters].filter(
    ([, cluster]) => attacheFilter(source, cluster)?.lane === 'express',
  );
  const [first, second] = clusters;
  if (first !== undefined && second === undefined) return first[0];
  throw new AddError(
    first === undefined
      ? `${source.file} has no cluster for --lane express; copy internet_express from the envoy.yaml that comes with Attaché and restart Envoy, or leave --lane out`
      : `several clusters are for --lane express (${clusters.map(([name]) => name).join(', ')}); name one with --cluster`,
  );
}

/** Whether requests to a cluster meet Attaché's filter there. */
export function asksAttache(source: YamlSource, cluster: YAMLMap): boolean {
  return attacheFilter(source, cluster) !== undefined;
}

/** The filter of a cluster that asks Attaché. */
export function attacheFilter(source: YamlSource, cluster: YAMLMap | undefined): AttacheFilter | undefined {
  const options = cluster && httpOptions(source, cluster);
  return findAttacheFilter(source, source.get(options, 'http_filters'), 'cluster');
}

/**
 * @param mend what is to be done when it is taken.
 * @throws AddError when the name or a domain is taken, also by a virtual host without an integration.
 */
export function refuseTaken(
  { source, catalogue, routes }: Readable,
  list: Node | undefined,
  name: string,
  mend = 'give the new one another --name',
): void {
  const taken = (what: string, where: string) => {
    const message = `${what} exists already (${where})`;
    return new AddError(`${message}; ${mend}`, { field: 'name', message: `${message}; choose another name` });
  };
  const known = catalogue.get(name);
  if (known !== undefined) throw taken(`integration ${name}`, known.where);
  const at = (node: Node | undefined) => `${source.file}:${source.place(node).line}`;
  const block = routes.find((route) => textOf(source.get(route.block?.value, 'integration')) === name)?.block;
  if (block !== undefined) throw taken(`integration ${name}`, at(block.value));
  for (const host of source.items(list)) {
    const nameNode = source.get(host, 'name');
    if (textOf(nameNode) === name) throw taken(`a virtual host ${name}`, at(nameNode));
    const domain = source
      .items(source.get(host, 'domains'))
      .find((it) => domainsOf(name).includes(textOf(it)?.toLowerCase() ?? ''));
    if (domain !== undefined) throw taken(`the domain ${textOf(domain)}`, at(domain));
  }
}

/** Whether an anchor stands before an offset, so that an alias behind it finds it. */
export function hasAnchor(source: YamlSource, name: string, before: number): boolean {
  let found = false;
  if (source.root !== undefined)
    visit(source.root, {
      Map: (_, node) => {
        if (node.anchor === name && (node.range?.[1] ?? before) < before) found = true;
      },
    });
  return found;
}
