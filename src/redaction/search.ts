import { type Forms, type Tables, tablesOf } from './forms.ts';

const LAST_STEP = 0xffff_ffff;

/** The width of a form whose characters are not all written in the same number of bytes. */
const MIXED = -1;

/**
 * The forms that have begun and may still be completed: for each its state, where in the stream it began, and in how many bytes
 * each of its characters is written. One whose characters are all written in as many bytes stands for those of its borders too
 * that must go the same way: where they began follows from their lengths.
 */
interface Threads {
  count: number;
  readonly units: number[];
  readonly nodes: number[];
  readonly begins: number[];
  readonly widths: number[];
  /** Another one that has just entered the same unit; -1 when there is none. */
  readonly others: number[];
}

const none = (): Threads => ({ count: 0, units: [], nodes: [], begins: [], widths: [], others: [] });

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
    const { count, begins } = this.#threads;
    let oldest = this.#position;
    for (let thread = 0; thread < count; thread += 1) oldest = Math.min(oldest, begins[thread] as number);
    return oldest;
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
    const { origins, sames } = tables;
    if (tables.step === LAST_STEP) {
      tables.entered.fill(0);
      tables.step = 0;
    }
    tables.step += 1;
    const { count, units, nodes, begins, widths } = this.#threads;
    this.#next.count = 0;
    for (let thread = 0; thread < count; thread += 1) {
      const unit = units[thread] as number;
      const node = nodes[thread] as number;
      const begin = begins[thread] as number;
      let width = widths[thread] as number;
      if (width > 0 && node === origins[unit]) {
        // A line end or the like stands between its characters: what it stood for is followed by itself from now on.
        for (let other = sames[unit] as number; other >= 0; other = sames[other] as number)
          this.#advance(other, node, begin + (unit - other) * width, MIXED, byte, position);
        width = MIXED;
      }
      this.#advance(unit, node, begin, width, byte, position);
    }
    if (mayBegin) {
      const { starts, startUnits, startTargets } = tables;
      const end = starts[byte + 1] as number;
      for (let start = starts[byte] as number; start < end; start += 1) {
        this.#go(startUnits[start] as number, startTargets[start] as number, position, 0, position);
      }
    }
    [this.#threads, this.#next] = [this.#next, this.#threads];
  }

  #advance(unit: number, node: number, begin: number, width: number, byte: number, position: number): void {
    const { edges, edgeBytes, edgeTargets } = this.#tables;
    const end = edges[node + 1] as number;
    for (let edge = edges[node] as number; edge < end; edge += 1) {
      if (edgeBytes[edge] === byte) this.#go(unit, edgeTargets[edge] as number, begin, width, position);
    }
  }

  #go(unit: number, target: number, begin: number, width: number, position: number): void {
    if (target >= 0) {
      this.#add(unit, target, begin, width);
      return;
    }
    const { places, sames } = this.#tables;
    const place = places[unit] as number;
    const length = position + 1 - begin;
    if (place === 0) this.#complete(unit, begin, length, position);
    else if (width > 0 && length === width * (place + 1)) this.#complete(unit, begin, width, position);
    else {
      if (width > 0) {
        // Its last character is written in another way than those before: what it stood for is followed by itself from now on.
        for (let other = sames[unit] as number; other >= 0; other = sames[other] as number)
          this.#complete(other, begin + (unit - other) * width, MIXED, position);
      }
      this.#complete(unit, begin, MIXED, position);
    }
  }

  /** A unit has come to its end, and with it its form, or the next one follows. */
  #complete(unit: number, begin: number, width: number, position: number): void {
    const { lasts, others, wholes, places } = this.#tables;
    const isLast = lasts[unit] === 1;
    if (isLast) this.#found(begin, position + 1);
    else if (places[unit] === 0 && this.#isStoodFor(unit + 1, width)) return;
    else this.#enter(unit + 1, begin, width);
    if (width <= 0) return;
    const first = (isLast ? wholes[unit] : others[unit + 1]) as number;
    for (let other = first; other >= 0; other = others[other] as number) {
      this.#enter(other, position + 1 - (places[other] as number) * width, width);
    }
  }

  /** Whether a form that has got no further than its second unit goes the way of a longer one. */
  #isStoodFor(unit: number, width: number): boolean {
    const { roots, places, begins } = this.#tables;
    const { count, units, nodes, widths } = this.#next;
    const root = roots[unit];
    for (let thread = 0; thread < count; thread += 1) {
      const longer = units[thread] as number;
      const isLonger = longer > unit && longer - (places[longer] as number) === unit - 1;
      if (
        isLonger &&
        widths[thread] === width &&
        nodes[thread] === root &&
        roots[longer] === root &&
        begins[longer - 1] === 1
      )
        return true;
    }
    return false;
  }

  #enter(unit: number, begin: number, width: number): void {
    const { roots, entered, heads, step } = this.#tables;
    const { count, begins, widths, others } = this.#next;
    if (entered[unit] === step) {
      // Of the ways to the same place only the one that began first counts: what it finds covers what the others would. But one
      // that stands for others stays for their sake.
      for (let thread = heads[unit] as number; thread >= 0; thread = others[thread] as number) {
        const known = begins[thread] as number;
        if (known === begin && widths[thread] === width) return;
        if (known <= begin && width === MIXED) return;
        if (known >= begin && widths[thread] === MIXED) {
          begins[thread] = begin;
          widths[thread] = width;
          return;
        }
      }
    } else {
      entered[unit] = step;
      heads[unit] = -1;
    }
    others[count] = heads[unit] as number;
    heads[unit] = count;
    this.#add(unit, roots[unit] as number, begin, width);
  }

  #add(unit: number, node: number, begin: number, width: number): void {
    const next = this.#next;
    next.units[next.count] = unit;
    next.nodes[next.count] = node;
    next.begins[next.count] = begin;
    next.widths[next.count] = width;
    next.count += 1;
  }
}

Object.setPrototypeOf(Search.prototype, null);
