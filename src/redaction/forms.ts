import { bordersOf } from './borders.ts';
import { DONE, Graph } from './graph.ts';
import { type Pattern, patternsOf } from './patterns.ts';
import { Prefilter } from './prefilter.ts';

/**
 * The shortest value that can be hidden, in bytes. A shorter one turns up in bodies by chance, and its removal would tear
 * holes into them and tell whoever sees the holes what the value is.
 */
export const SHORTEST = 8;

/** A value that must not come back, and what to call it in a report. */
export interface HiddenValue {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a search follows, flat: a state is a unit (one character of one pattern) and a node within its spellings. */
export interface Tables {
  /** For each unit the node at which its spellings begin. */
  readonly roots: Uint32Array;
  /** For each unit 1 if its pattern ends with it. */
  readonly lasts: Uint8Array;
  /** For each unit how many of its pattern stand before it. */
  readonly places: Uint32Array;
  /** For each unit the node at which its spellings begin once what may stand before it has come; -1 where nothing may. */
  readonly origins: Int32Array;
  /** For each unit 1 if its pattern can begin with it too. */
  readonly begins: Uint8Array;
  /** For each unit, being the next one to come, the unit to come after the longest border before another one; else -1. */
  readonly others: Int32Array;
  /** The same before the same one. */
  readonly sames: Int32Array;
  /** For each unit that its pattern ends with the unit to come after the longest border of the pattern; else -1. */
  readonly wholes: Int32Array;
  /** The edges of node n are those from `edges[n]` to `edges[n + 1]`, exclusive. */
  readonly edges: Uint32Array;
  readonly edgeBytes: Uint8Array;
  /** The node an edge leads to, or DONE. */
  readonly edgeTargets: Int32Array;
  /** What byte b begins is from `starts[b]` to `starts[b + 1]`, exclusive. */
  readonly starts: Uint32Array;
  readonly startUnits: Uint32Array;
  readonly startTargets: Int32Array;
  readonly prefilter: Prefilter;
  /** Scratch: the step at which a unit was last entered. Searches may share it, since each step is one synchronous turn. */
  readonly entered: Uint32Array;
  /** Scratch: for such a unit the last thread that has entered it. */
  readonly heads: Int32Array;
  step: number;
  wiped: boolean;
}

/** The tables of some forms, for the search alone. */
export let tablesOf: (forms: Forms) => Tables;

/**
 * Every form in which some values may come back: as they are; each character by itself as it is or in an escape of URLs, of
 * JSON and JavaScript, or of HTML, also escaped twice; in base64 and base64url at every offset of a longer text, line ends
 * allowed; in hexadecimal digits. Made once per version of a secret, which takes milliseconds, and used by any number
 * of responses.
 *
 * For Basic give the parts that are secret. The base64 of the pair is then found too, since it holds theirs; give the pair as
 * a value of its own when its parts are too short.
 *
 * It cannot be printed: there is no `toString`, and `JSON.stringify` and `util.inspect` show no value.
 */
export class Forms {
  /** Names of the values that are shorter than {@link SHORTEST} and therefore not hidden: refuse such a configuration. */
  readonly tooShort: readonly string[];
  /** The length of the longest form in bytes: no search holds back more. */
  readonly longest: number;
  readonly #tables: Tables;
  #users = 0;
  #dropped = false;

  static {
    tablesOf = (forms) => forms.#tables;
  }

  constructor(values: readonly HiddenValue[]) {
    const fit = values.filter(({ bytes }) => bytes.length >= SHORTEST);
    this.tooShort = values.filter((value) => !fit.includes(value)).map(({ name }) => name);
    const graph = new Graph();
    const patterns = fit.flatMap(({ bytes }) => patternsOf(graph, bytes));
    const length = (pattern: Pattern) => pattern.reduce((sum, node) => sum + graph.longest(node), 0);
    this.longest = Math.max(0, ...patterns.map(length));
    this.#tables = flatten(graph, patterns);
  }

  /** Keeps them from being wiped, until {@link leave} has been called as often. */
  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#dropped && this.#users === 0) this.wipe();
  }

  /** Wipes them as soon as nobody uses them. */
  drop(): void {
    this.#dropped = true;
    if (this.#users === 0) this.wipe();
  }

  /** Overwrites what was made of the values. A redactor that is used afterwards throws: end it before. */
  wipe(): void {
    const tables = this.#tables;
    tables.wiped = true;
    tables.prefilter.wipe();
    for (const table of Object.values(tables)) if (ArrayBuffer.isView(table)) new Uint8Array(table.buffer).fill(0);
  }
}

// Without Object.prototype there is no inherited toString either: `${forms}` throws instead of printing something.
Object.setPrototypeOf(Forms.prototype, null);

function flatten(graph: Graph, patterns: readonly Pattern[]): Tables {
  const nodes = Array.from({ length: graph.size }, (_, node) => graph.edges(node));
  const edges = nodes.flat();
  const units = patterns.flat();
  const firsts = patterns.map((_, index) => patterns.slice(0, index).reduce((sum, { length }) => sum + length, 0));
  const places = new Uint32Array(units.length);
  const begins = new Uint8Array(units.length);
  const origins = new Int32Array(units.length);
  const others = new Int32Array(units.length).fill(-1);
  const sames = new Int32Array(units.length).fill(-1);
  const wholes = new Int32Array(units.length).fill(-1);
  for (const [index, pattern] of patterns.entries()) {
    const first = firsts[index] ?? 0;
    const borders = bordersOf(pattern, (node) => graph.originOf(node));
    begins.set(borders.begins, first);
    for (let place = 0; place < pattern.length; place += 1) {
      const [other = -1, same = -1] = [borders.other[place], borders.same[place]];
      places[first + place] = place;
      origins[first + place] = graph.originOf(pattern[place] ?? DONE) ?? -1;
      if (other >= 0) others[first + place] = first + other;
      if (same >= 0) sames[first + place] = first + same;
    }
    if (borders.whole >= 0) wholes[first + pattern.length - 1] = first + borders.whole;
  }
  const begun = firsts.flatMap((unit) => graph.edges(units[unit] ?? DONE).map((edge) => ({ ...edge, unit })));
  begun.sort((one, other) => one.byte - other.byte);

  return {
    roots: Uint32Array.from(units),
    lasts: Uint8Array.from(patterns.flatMap(({ length }) => [...new Uint8Array(length - 1), 1])),
    places,
    origins,
    begins,
    others,
    sames,
    wholes,
    edges: sums(nodes.map(({ length }) => length)),
    edgeBytes: Uint8Array.from(edges, ({ byte }) => byte),
    edgeTargets: Int32Array.from(edges, ({ to }) => to),
    starts: sums(Array.from({ length: 256 }, (_, byte) => begun.filter((start) => start.byte === byte).length)),
    startUnits: Uint32Array.from(begun, ({ unit }) => unit),
    startTargets: Int32Array.from(begun, ({ to }) => to),
    prefilter: new Prefilter(graph, patterns),
    entered: new Uint32Array(units.length),
    heads: new Int32Array(units.length),
    step: 0,
    wiped: false,
  };
}

function sums(counts: readonly number[]): Uint32Array {
  const result = new Uint32Array(counts.length + 1);
  for (const [index, count] of counts.entries()) result[index + 1] = (result[index] ?? 0) + count;
  return result;
}
