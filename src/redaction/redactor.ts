import type { Forms } from './forms.ts';
import { Search } from './search.ts';

/**
 * What stands in the place of a value. It is always the same, so that it tells neither how long the value is nor in which
 * form it came, and it needs no escape in JSON, HTML or a header.
 */
export const MARKER = Buffer.from('[redacted]', 'latin1');

const NOTHING = Buffer.alloc(0);

/** What stands in the place of a value where the length of a message must stay: the marker, filled up with asterisks or cut. */
function markerOf(length: number): Buffer {
  return Buffer.concat([MARKER, Buffer.alloc(Math.max(0, length - MARKER.length), '*')], length);
}

/**
 * Takes values out of one stream of bytes, as it passes. What cannot be part of a value leaves at once; only a tail that
 * is the beginning of a form is held back, at most `forms.longest` bytes less one. Forms that overlap become one marker. A stream
 * without any of them comes out byte for byte.
 */
export class Redactor {
  readonly #search: Search;
  /** Where forms stand that were found and have not left yet: in order, apart. */
  readonly #marks: { from: number; to: number }[] = [];
  #held: Buffer = NOTHING;
  /** The place in the stream of the first byte held. */
  #origin = 0;
  /** The place in the stream of the next byte to leave: all before it has left, or has given way to a marker. */
  #left = 0;
  /** How far the marker reaches that left last. */
  #covered = 0;
  #count = 0;
  readonly #keepsLength: boolean;
  /** How many bytes are still to be put behind a marker that has left, where lengths stay. */
  #owed = 0;

  /** @param options.keepsLength whether what stands in the place of a value is as long as what stood there. */
  constructor(forms: Forms, { keepsLength = false }: { readonly keepsLength?: boolean } = {}) {
    this.#keepsLength = keepsLength;
    this.#search = new Search(forms, (from, to) => this.#mark(from, to));
  }

  /** How many markers have left so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes the next bytes and gives those that can leave: none, the chunk itself, or others.
   *
   * @throws Error when the forms were wiped; nothing more may be sent then.
   */
  push(chunk: Buffer): Buffer {
    this.#search.read(chunk);
    return this.#release(chunk, this.#search.pending);
  }

  /** Gives what was held back: it is the beginning of a form that never came to its end. */
  end(): Buffer {
    this.#search.end();
    return this.#release(NOTHING, this.#search.pending);
  }

  /** Overwrites what is held back, when the stream is given up: it does not leave any more. */
  wipe(): void {
    this.#search.end();
    this.#marks.length = 0;
    this.#held.fill(0);
    this.#held = NOTHING;
    this.#origin = this.#search.pending;
    this.#left = this.#origin;
  }

  #mark(from: number, to: number): void {
    let begin = from;
    for (let mark = this.#marks.at(-1); mark !== undefined && mark.to > begin; mark = this.#marks.at(-1)) {
      begin = Math.min(begin, mark.from);
      this.#marks.pop();
    }
    if (begin < this.#covered) {
      this.#owed += to - this.#left;
      this.#covered = to;
      this.#left = to;
    } else this.#marks.push({ from: begin, to });
  }

  /** @param limit the place in the stream before which nothing can change any more. */
  #release(chunk: Buffer, limit: number): Buffer {
    const parts: Buffer[] = [];
    if (this.#keepsLength && this.#owed > 0) parts.push(Buffer.alloc(this.#owed, '*'));
    this.#owed = 0;
    for (let mark = this.#marks[0]; mark !== undefined && mark.from < limit; mark = this.#marks[0]) {
      parts.push(
        ...this.#between(this.#left, mark.from, chunk),
        this.#keepsLength ? markerOf(mark.to - mark.from) : MARKER,
      );
      this.#count += 1;
      this.#left = mark.to;
      this.#covered = mark.to;
      this.#marks.shift();
    }
    if (limit > this.#left) {
      parts.push(...this.#between(this.#left, limit, chunk));
      this.#left = limit;
    }
    const end = this.#origin + this.#held.length + chunk.length;
    this.#held = this.#left === end ? NOTHING : Buffer.concat(this.#between(this.#left, end, chunk));
    this.#origin = this.#left;
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  }

  /** The bytes between two places in the stream, which are held or in the chunk behind what is held. */
  #between(from: number, to: number, chunk: Buffer): Buffer[] {
    const middle = this.#origin + this.#held.length;
    return [slice(this.#held, from - this.#origin, to - this.#origin), slice(chunk, from - middle, to - middle)].filter(
      ({ length }) => length > 0,
    );
  }
}

// Without Object.prototype there is no inherited toString either: `${redactor}` throws instead of printing something.
Object.setPrototypeOf(Redactor.prototype, null);

/** The bytes from (inclusive) to (exclusive), as far as there are such; all of them are the same object. */
function slice(bytes: Buffer, from: number, to: number): Buffer {
  if (from <= 0 && to >= bytes.length) return bytes;
  return bytes.subarray(Math.max(0, from), Math.max(0, to));
}

/**
 * Takes values out of the headers or trailers of one response. What it gives for a name or a value is the same object when none of
 * them stands in it. Of use for names too: a header whose name does not come back as the same object must be removed, since a
 * marker cannot stand in a name.
 *
 * What it returns throws an Error when the forms were wiped.
 */
export function headerRedactor(forms: Forms): (text: Buffer) => Buffer {
  let isFound = false;
  const search = new Search(forms, () => {
    isFound = true;
  });
  return (text) => {
    isFound = false;
    search.read(text);
    search.end();
    if (!isFound) return text;
    const redactor = new Redactor(forms);
    return Buffer.concat([redactor.push(text), redactor.end()]);
  };
}
