import { isScalar, isSeq, type Node } from 'yaml';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import { commandsOf, printedBy } from './format.ts';

/** Access loggers that take a format, and print the path with its query when they are given none. */
const LOGGERS = ['FileAccessLog', 'StdoutAccessLog', 'StderrAccessLog'];
const FORMATS = ['log_format', 'format', 'json_format', 'typed_json_format'];

/** What prints the path, while an integration writes a credential into it. */
const OWN_PATH = 'write %FILTER_STATE(caller_path:PLAIN)%, which the filter caller_path of envoy/envoy.yaml keeps';

/** Whatever would print a key: formats of access logs and of added headers, tags of traces, taps. */
export function* checkLogs(configuration: Configuration): Generator<Problem> {
  const { source, maps, catalogue } = configuration;
  const secret = new Set([...ALWAYS_STRIPPED, ...[...catalogue].flatMap(({ writes }) => writes)]);
  const inPath = [...catalogue].find(({ writes, places }) => writes.includes(':path') && places.includes('path'))?.name;
  const inQuery = [...catalogue].find(({ places }) => places.some((place) => place.startsWith('query ')))?.name;
  const writesPath = inPath ?? inQuery;
  const early = beforeAttache(configuration);
  const mend = 'take it out; %DYNAMIC_METADATA(attache)% says which integration and secret version a request had';
  for (const node of scalars(configuration)) {
    for (const command of commandsOf(textOf(node) ?? '')) {
      const { headers, path, query, originalQuery } = printedBy(command);
      const printed = headers.filter((header) => secret.has(header));
      const isSent = !early.has(node);
      if (printed.length > 0)
        yield source.error(node, `${command.text} prints ${printed.join(', ')}, which holds a credential`, mend);
      else if (isSent && path && inPath !== undefined)
        yield source.error(node, `${command.text} prints the path, into which ${inPath} puts its credential`, OWN_PATH);
      else if (isSent && query && inQuery !== undefined)
        yield source.error(
          node,
          `${command.text} prints the query, into which ${inQuery} puts its credential`,
          OWN_PATH,
        );
      else if (query || originalQuery)
        yield source.warning(
          node,
          `${command.text} prints the query of the path, in which a key may stand`,
          'write %PATH(NQ)%',
        );
    }
  }
  for (const map of maps) {
    for (const node of loggedHeaders(configuration, map)) {
      const header = textOf(node)?.toLowerCase() ?? '';
      if (secret.has(header)) yield source.error(node, `${header} holds a credential and would be logged`, mend);
    }
    if (
      LOGGERS.some((logger) => isA(source, map, logger)) &&
      FORMATS.every((field) => source.get(map, field) === undefined)
    ) {
      const reason = 'this access log has no format of its own, and the default one prints';
      const give = 'give it the log_format of envoy/envoy.yaml';
      yield writesPath === undefined
        ? source.warning(map, `${reason} the query of the path, in which a key may stand`, give)
        : source.error(map, `${reason} the path, into which ${writesPath} puts its credential`, give);
    }
    if (isA(source, map, 'HttpGrpcAccessLogConfig')) {
      const use = 'use a log with a log_format, or let nobody read it who may not read keys';
      yield writesPath === undefined
        ? source.warning(map, 'a gRPC access log sends the query of the path, in which a key may stand', use)
        : source.error(map, `a gRPC access log sends the path, into which ${writesPath} puts its credential`, use);
    }
    if (isA(source, map, 'Tap')) {
      yield source.error(map, 'a tap shows requests with their keys', 'take it out');
    }
  }
}

/** What is evaluated before Attaché is asked, and so sees the client's own path: what a filter ahead of it keeps. */
function beforeAttache({ source, maps }: Configuration): Set<Node> {
  const nodes = maps
    .filter((map) => isA(source, map, 'HttpConnectionManager'))
    .flatMap((manager) => {
      const filters = source.items(source.get(manager, 'http_filters'));
      const asks = filters.findIndex((item) => isA(source, source.get(item, 'typed_config'), 'ExternalProcessor'));
      return asks < 0 ? filters : filters.slice(0, asks);
    })
    .map((item) => source.get(item, 'typed_config'))
    .filter((config) => isA(source, config, 'set_filter_state.v3.Config'))
    .flatMap((config) => source.items(source.get(config, 'on_request_headers')))
    .flatMap((value) => [
      source.get(value, 'format_string', 'text_format_source', 'inline_string'),
      source.get(value, 'format_string', 'text_format'),
    ]);
  return new Set(nodes.filter((node) => node !== undefined));
}

function loggedHeaders({ source }: Configuration, map: Node): Node[] {
  const tag = source.get(map, 'request_header', 'name');
  return [...source.items(source.get(map, 'additional_request_headers_to_log')), ...(tag === undefined ? [] : [tag])];
}

/** Every scalar that stands as a value. */
function* scalars({ source, maps }: Configuration): Generator<Node> {
  for (const map of maps) for (const { value } of map.items) yield* within(value);
  function* within(value: unknown): Generator<Node> {
    const node = source.follow(value);
    if (isScalar(node)) yield node;
    if (isSeq(node)) for (const item of node.items) yield* within(item);
  }
}
