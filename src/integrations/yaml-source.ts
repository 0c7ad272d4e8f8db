import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, type YAMLMap } from 'yaml';
import { composeYaml } from './compose-yaml.ts';
import type { Place, Problem } from './problem.ts';
import { resolveAliases } from './resolve-aliases.ts';
import { BoundError } from './yaml-bounds.ts';
import { yamlProblem } from './yaml-problem.ts';

/**
 * A YAML file as a tree of nodes that know their place. Aliases are followed everywhere. Fields have the names of Envoy's
 * protos and may be written in lowerCamelCase too, as protobuf's JSON form allows.
 */
export class YamlSource {
  readonly file: string;
  /** Absent for an empty file. */
  readonly root: Node | undefined;
  /** What makes the file unreadable as YAML. With any of these, read no further. */
  readonly problems: readonly Problem[];
  readonly #lines = new LineCounter();
  readonly #targets = new Map<Node, Node>();
  readonly #camels = new Map<string, string>();
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>();

  constructor(file: string, text: string) {
    this.file = file;
    try {
      const document = composeYaml(text, this.#lines);
      const errors = this.#foremost(document, text);
      this.problems = errors.length > 0 ? errors : this.#resolve(document);
      this.root = document.contents ?? undefined;
    } catch (error) {
      if (!(error instanceof BoundError)) throw error;
      const { offset, message: reason, mend } = error;
      this.problems = [{ ...this.placeOf(offset), severity: 'error', reason, mend }];
      this.root = undefined;
    }
  }

  /** Where a node begins; the first character of the file for none. */
  place(node: Node | undefined): Place {
    return this.placeOf(node?.range?.[0] ?? 0);
  }

  error(node: Node | undefined, reason: string, mend: string): Problem {
    return { ...this.place(node), severity: 'error', reason: brief(reason), mend: brief(mend) };
  }

  warning(node: Node | undefined, reason: string, mend: string): Problem {
    return { ...this.place(node), severity: 'warning', reason: brief(reason), mend: brief(mend) };
  }

  /** The node itself, or what it is an alias of. */
  follow(value: unknown): Node | undefined {
    if (isAlias(value)) return this.follow(this.#targets.get(value));
    return isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
  }

  map(value: unknown): YAMLMap | undefined {
    const node = this.follow(value);
    return isMap(node) ? node : undefined;
  }

  /** What a sequence holds; nothing for any other node. */
  items(value: unknown): readonly Node[] {
    const node = this.follow(value);
    return isSeq(node) ? node.items.map((item) => this.follow(item)).filter((item) => item !== undefined) : [];
  }

  /** The keys and values of a map, as they stand in the file; nothing for any other node. */
  pairs(
    value: unknown,
  ): readonly { readonly key: string; readonly keyNode: Node | undefined; readonly value: unknown }[] {
    return (this.map(value)?.items ?? []).map((pair) => {
      const keyNode = this.follow(pair.key);
      return { key: isScalar(keyNode) ? String(keyNode.value) : '', keyNode, value: pair.value };
    });
  }

  /** What stands under these names, one inside the other. A null counts as absent, as it does for Envoy. */
  get(value: unknown, ...names: readonly string[]): Node | undefined {
    let node = this.follow(value);
    for (const name of names) node = this.follow(this.#pair(node, name)?.value);
    return isScalar(node) && node.value === null ? undefined : node;
  }

  /** The key of a map. */
  key(value: unknown, name: string): Node | undefined {
    return this.follow(this.#pair(value, name)?.key);
  }

  #pair(value: unknown, name: string): Pair | undefined {
    const map = this.map(value);
    if (map === undefined) return undefined;
    const pairs = this.#pairs.get(map) ?? this.#indexed(map);
    return pairs.get(name) ?? pairs.get(this.#camelCase(name));
  }

  /** Each rule asks a map for other keys, and some maps have thousands. */
  #indexed(map: YAMLMap): ReadonlyMap<unknown, Pair> {
    const pairs = new Map<unknown, Pair>();
    for (const pair of map.items) {
      const key = this.follow(pair.key);
      if (isScalar(key) && !pairs.has(key.value)) pairs.set(key.value, pair);
    }
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #camelCase(name: string): string {
    let camel = this.#camels.get(name);
    if (camel === undefined) {
      camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      this.#camels.set(name, camel);
    }
    return camel;
  }

  /** Where a character of the file stands. */
  placeOf(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The first error of the parser: those behind it mostly come of it, as when a quote is missing or the file is a template. */
  #foremost({ errors }: Document, text: string): Problem[] {
    const [first, ...others] = errors;
    if (first === undefined) return [];
    const found = yamlProblem(first, this.placeOf(first.pos[0]));
    const problem = TEMPLATE.test(text)
      ? { ...found, mend: 'name what the template becomes, and not the template' }
      : found;
    const more = `${others.length} more ${others.length === 1 ? 'error' : 'errors'} behind it`;
    return [
      others.length === 0 ? problem : { ...problem, reason: `${problem.reason} (and ${more}, which may come of it)` },
    ];
  }

  /** Finds what each alias stands for, once for all: looking an anchor up anew each time walks the whole file. */
  #resolve(document: Document): Problem[] {
    const { targets, faults } = resolveAliases(document);
    for (const [alias, target] of targets) this.#targets.set(alias, target);
    return faults.map(({ node, reason, mend }) => this.error(node, reason, mend));
  }
}

/** What a template has that is filled in before Envoy reads it: double braces where YAML has no text, or the tags of Jinja. */
const TEMPLATE = /^[ \t-]*\{\{|:[ \t]+\{\{|\{%/m;

/** A sentence that quotes the file is no longer than anybody reads. */
function brief(sentence: string): string {
  return sentence.length <= 1_000 ? sentence : `${sentence.slice(0, 1_000)}…`;
}
