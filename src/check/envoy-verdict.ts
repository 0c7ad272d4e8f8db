import { isMap, isSeq, type Node } from 'yaml';
import { namedPlace, withoutDump } from '../configuration/named-place.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { allMaps } from '../integrations/envoy-routes.ts';
import type { Place, Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';

/** How much of Envoy's words is repeated. */
const MOST_WORDS = 500;

/** A field of a message that Envoy's parser stumbled over, by its path: `static_resources.listeners[0].filter_chains`; none at the top. */
const AT_PATH =
  /invalid JSON in ([\w.]+)(?: @ (\S+): message ([\w.]+))?, near \S+ \(offset \d+\): (.*?)\)(?: has unknown fields|: \{|$)/;

/** A field that breaks a rule of its message: `ClusterValidationError.HealthChecks[0]`. */
const RULE = /(\w+)ValidationError\.(\w+)(?:\[([^\]]+)\])?/g;

/** Something that Envoy reads from the disk of its own machine. */
const OF_THIS_MACHINE =
  /Invalid path: |unable to read file|does not exist|No such file|Permission denied|failed to load/i;

/**
 * What an Envoy says of a file, with the line that it means: it names fields by their path, things by their name, and gives a line of
 * its own only where the file is no YAML.
 *
 * @param words in which it says why it would not start.
 * @param version of that Envoy.
 */
export function envoyVerdict(source: YamlSource, text: string, words: string, version: string): Problem {
  const { file } = source;
  const plain = plainWords(words);
  // Of rules that are named from outside inwards, the last one says what is wrong.
  const said = plain.split(' | caused by ').at(-1) ?? plain;
  const [parsed, outer = '', path = '', message = outer, fault = ''] = AT_PATH.exec(plain) ?? [];
  const [, field] = /no such field: '([^']+)'/.exec(fault) ?? [];
  const node = parsed === undefined ? ruled(source, plain) : atPath(source, path, field);
  const place = ownLine(plain) ?? (node === undefined ? namedPlace(text, plain, oddNames(words)) : source.place(node));
  const here: Place = { file, ...(place ?? { line: 1, column: 1 }) };
  if (field !== undefined)
    return {
      ...here,
      severity: 'error',
      reason: `Envoy ${version} does not start with this file: ${shortOf(message)} has no field ${field}`,
      mend: 'mend its name, or take it away',
    };
  if (OF_THIS_MACHINE.test(plain))
    return {
      ...here,
      severity: 'warning',
      reason: `Envoy ${version} cannot read on this machine what the file names, and has looked no further (${brief(said)})`,
      mend: 'see that it is there where Envoy runs, or let attache check look at the file there',
    };
  return {
    ...here,
    severity: 'error',
    reason: `Envoy ${version} does not start with this file (${fault === '' ? brief(said) : `${path === '' ? '' : `${path}: `}${fault}`})`,
    mend: 'mend what it names; envoy --mode validate says the same',
  };
}

/** Envoy's words without what it repeats of the file, in one line: it doubles blanks at random. */
function plainWords(words: string): string {
  const [, rules] = /Proto constraint validation failed \(([\s\S]*)\)\s*$/.exec(words) ?? [];
  if (rules !== undefined) return rules.replaceAll(/\s+/g, ' ');
  return withoutDump(words.replace(/\): \{"[\s\S]*$/, ')'));
}

function brief(words: string): string {
  return words.length <= MOST_WORDS ? words : `${words.slice(0, MOST_WORDS)}…`;
}

function shortOf(message: string): string {
  return message.slice(message.lastIndexOf('.') + 1);
}

/** The line that Envoy's own reader of YAML names. */
function ownLine(words: string): { readonly line: number; readonly column: number } | undefined {
  const [, line, column] = /\berror at line (\d+), column (\d+)/.exec(words) ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column) };
}

/** What stands in the file as it is and is no name: an expression, a duration. */
function oddNames(words: string): string[] {
  const expression = /^ \| (?!\.)(.+)$/m.exec(words)?.[1];
  const unread = /(?:regex|enum value:|@type) '([^']+)'/.exec(words.replaceAll(/\s+/g, ' '))?.[1];
  const missing = /Invalid path: (\S+)/.exec(words)?.[1];
  const cluster = /cluster manager: .*cluster '([^']+)'/.exec(words)?.[1];
  const seconds = /duration[\s\S]*seconds: (-?\d+)/.exec(words)?.[1];
  return [
    ...[expression, unread, missing],
    cluster === undefined ? undefined : `name: ${cluster}`,
    seconds === undefined ? undefined : `${seconds}s`,
  ].filter((name) => name !== undefined);
}

/** The node at a path of Envoy's parser, or the key of a field in it. Entries of maps are numbered, in an order of their own. */
function atPath(source: YamlSource, path: string, field: string | undefined): Node | undefined {
  let nodes: (Node | undefined)[] = [source.root];
  for (const [step, index] of path.matchAll(/<any>|\[(\d+)\]|[^.[\]<>]+/g)) {
    if (step === '<any>') continue;
    nodes = nodes.flatMap((node) =>
      index === undefined ? [source.get(node, step)] : entries(source, node, Number(index)),
    );
  }
  const keys = nodes.flatMap((node) => (field === undefined ? [] : (source.key(node, field) ?? [])));
  return keys[0] ?? nodes.find((node) => node !== undefined);
}

function entries(source: YamlSource, node: Node | undefined, index: number): (Node | undefined)[] {
  if (isSeq(node)) return [source.follow(node.items[index])];
  return isMap(node) ? node.items.map(({ value }) => source.follow(value)) : [];
}

/**
 * The node that breaks a rule of its message. The rules are named from outside inwards, from the bootstrap or from a message that has
 * an `@type`, of which there may be several: then it is one in which the field is missing or empty.
 */
function ruled(source: YamlSource, words: string): Node | undefined {
  const steps = [...words.matchAll(RULE)];
  const [first] = steps;
  if (first === undefined) return undefined;
  const roots =
    first[1] === 'Bootstrap' ? [source.root] : allMaps(source).filter((map) => isA(source, map, first[1] ?? ''));
  const found = roots.map((root) => {
    let [node, holder]: (Node | undefined)[] = [root, root];
    for (const [, , name = '', index] of steps) {
      if (node === undefined) break;
      holder = node;
      node = source.get(node, snakeCase(name));
      if (index !== undefined) [node] = entries(source, node, Number(index));
    }
    return { node, holder };
  });
  const broken = found.find(({ node }) => node === undefined || textOf(node) === '') ?? found[0];
  return broken?.node ?? broken?.holder;
}

function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
