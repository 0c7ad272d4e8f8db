import { isScalar, isSeq, type Node } from 'yaml';
import { ALWAYS_STRIPPED } from '../credentials/injector.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import { commandsOf, printedBy } from './format.ts';

/** Access loggers that take a format, and print the path with its query when they are given none. */
const LOGGERS = ['FileAccessLog', 'StdoutAccessLog', 'StderrAccessLog'];
const FORMATS = ['log_format', 'format', 'json_format', 'typed_json_format'];

/** Whatever would print a key: formats of access logs and of added headers, tags of traces, taps. */
export function* checkLogs(configuration: Configuration): Generator<Problem> {
  const { source, maps, catalogue } = configuration;
  const secret = new Set([...ALWAYS_STRIPPED, ...[...catalogue].flatMap(({ writes }) => writes)]);
  const mend = 'take it out; %DYNAMIC_METADATA(attache)% says which integration and secret version a request had';
  for (const node of scalars(configuration)) {
    for (const command of commandsOf(textOf(node) ?? '')) {
      const { headers, query } = printedBy(command);
      const printed = headers.filter((header) => secret.has(header));
      if (printed.length > 0)
        yield source.error(node, `${command.text} prints ${printed.join(', ')}, which holds a credential`, mend);
      else if (query)
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
      yield source.warning(
        map,
        'this access log has no format of its own, and the default one prints the query of the path, in which a key may stand',
        'give it the log_format of envoy/envoy.yaml',
      );
    }
    if (isA(source, map, 'HttpGrpcAccessLogConfig')) {
      yield source.warning(
        map,
        'a gRPC access log sends the query of the path, in which a key may stand',
        'use a log with a log_format, or let nobody read it who may not read keys',
      );
    }
    if (isA(source, map, 'Tap')) {
      yield source.error(map, 'a tap shows requests with their keys', 'take it out');
    }
  }
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
