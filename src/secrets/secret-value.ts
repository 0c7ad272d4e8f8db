/**
 * A value that nobody may see, with an id that everybody may.
 *
 * It owns the buffer that the value stands in, and every copy that was made of it. Whoever needs it for longer than the
 * turn of the event loop in which it was handed out holds it; when the last hold is released, it and its copies are overwritten.
 *
 * The value leaves it by {@link reveal} alone. There is no `toString`: string concatenation throws, and `JSON.stringify` and
 * `util.inspect` show nothing but the id.
 */
export class SecretValue {
  /** Names the value in logs, metrics and the audit record. Not derived from it. */
  readonly id: string;
  readonly #bytes: Buffer;
  #holds = 0;
  #wiped = false;
  #wipes: (() => void)[] = [];

  constructor(id: string, value: string) {
    this.id = id;
    // Not out of the pool that small buffers share: what owns its memory can be found, and wiped, as a whole.
    this.#bytes = Buffer.alloc(Buffer.byteLength(value));
    this.#bytes.write(value);
  }

  /** Size of the value in bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Whether it was overwritten. */
  get isWiped(): boolean {
    return this.#wiped;
  }

  /**
   * The value as text. The string it returns cannot be wiped: let go of it soon.
   *
   * @throws Error when the value was overwritten: whoever asks should have held it.
   */
  reveal(): string {
    if (this.#wiped) throw new Error(`the value ${this.id} is used after it was let go of`);
    return this.#bytes.toString('utf8');
  }

  /** Keeps it from being overwritten until {@link release} was called as often. */
  hold(): void {
    this.#holds += 1;
  }

  /** Ends one hold. The last one overwrites the value once this turn of the event loop is over. */
  release(): void {
    this.#holds -= 1;
    if (this.#holds <= 0) setImmediate(() => this.discard());
  }

  /** Overwrites it at once, unless somebody holds it. */
  discard(): void {
    if (this.#holds > 0 || this.#wiped) return;
    this.#wiped = true;
    this.#bytes.fill(0);
    for (const wipe of this.#wipes) wipe();
    this.#wipes = [];
  }

  /** `wipe` overwrites a copy, or what was made of the value: it is called when the value is overwritten. */
  attach(wipe: () => void): void {
    if (this.#wiped) wipe();
    else this.#wipes.push(wipe);
  }
}

// Without Object.prototype there is no inherited toString either: `${value}` throws instead of printing something.
Object.setPrototypeOf(SecretValue.prototype, null);

/** Holds values for as long as some work takes. */
export async function holding<T>(values: readonly SecretValue[], work: () => Promise<T>): Promise<T> {
  for (const value of values) value.hold();
  try {
    return await work();
  } finally {
    for (const value of values) value.release();
  }
}
