import { type Forms, type Tables, tablesOf } from './forms.ts';

const LAST_STEP = 0xffff_ffff;

/** The forms that have begun and may still be completed, oldest first: for each its state and where in the stream it began. */
interface Threads {
  count: number;
  readonly units: number[];
  readonly nodes: number[];
  readonly begins: number[];
}

const none = (): Threads => ({ count: 0, units: [], nodes: [], begins: [] });

/**
 * Finds all forms in a stream, byte by byte and once only. Every form that has begun is followed at the same time, so that the
 * cost of a byte depends on how many are under way, never on how many bytes came before.
 */
export class Search {
  readonly #tables: Tables;
  readonly #found: (from: number, to: number) => void;
  #threads = none();
  #next = none();
  #position = 0;

  /** @param found is told where each form stands in the stream, from (inclusive) and to (exclusive), ordered by `to`. */
  constructor(forms: Forms, found: (from: number, to: number) => void) {
    this.#tables = tablesOf(forms);
    this.#found = found;
  }

  /** Where the oldest form that may still be completed begins; if there is none, the end of what was read. */
  get pending(): number {
    return this.#threads.count === 0 ? this.#position : (this.#threads.begins[0] ?? 0);
  }

  /** @throws Error when the forms were wiped. */
  read(chunk: Uint8Array): void {
    const { prefilter, wiped } = this.#tables;
    if (wiped) throw new Error('the values to hide were wiped while a response was being searched; end it instead');
    const last = chunk.length - 1;
    const base = this.#position;
    for (let index = 0; index <= last; index += 1) {
      if (this.#threads.count === 0) index = prefilter.skip(chunk, index);
      this.#step(chunk[index] as number, base + index, prefilter.mayBegin(chunk, index));
    }
    this.#position = base + chunk.length;
  }

  /** Forgets what has begun: nothing more comes. */
  end(): void {
    this.#threads.count = 0;
  }

  #step(byte: number, position: number, mayBegin: boolean): void {
    const tables = this.#tables;
    const { edges, edgeBytes, edgeTargets } = tables;
    if (tables.step === LAST_STEP) {
      tables.entered.fill(0);
      tables.step = 0;
    }
    tables.step += 1;
    const { count, units, nodes, begins } = this.#threads;
    this.#next.count = 0;
    for (let thread = 0; thread < count; thread += 1) {
      const node = nodes[thread] as number;
      const end = edges[node + 1] as number;
      for (let edge = edges[node] as number; edge < end; edge += 1) {
        if (edgeBytes[edge] !== byte) continue;
        this.#enter(units[thread] as number, edgeTargets[edge] as number, begins[thread] as number, position);
      }
    }
    if (mayBegin) {
      const { starts, startUnits, startTargets } = tables;
      const end = starts[byte + 1] as number;
      for (let start = starts[byte] as number; start < end; start += 1) {
        this.#enter(startUnits[start] as number, startTargets[start] as number, position, position);
      }
    }
    [this.#threads, this.#next] = [this.#next, this.#threads];
  }

  #enter(unit: number, target: number, begin: number, position: number): void {
    if (target >= 0) {
      this.#add(unit, target, begin);
      return;
    }
    const { lasts, roots, entered, step } = this.#tables;
    if (lasts[unit] === 1) {
      this.#found(begin, position + 1);
      return;
    }
    // Of the ways to the same place only the one that began first counts: what it finds covers what the others would.
    if (entered[unit + 1] === step) return;
    entered[unit + 1] = step;
    this.#add(unit + 1, roots[unit + 1] as number, begin);
  }

  #add(unit: number, node: number, begin: number): void {
    const next = this.#next;
    next.units[next.count] = unit;
    next.nodes[next.count] = node;
    next.begins[next.count] = begin;
    next.count += 1;
  }
}

Object.setPrototypeOf(Search.prototype, null);
