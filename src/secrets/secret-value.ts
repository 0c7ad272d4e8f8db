/**
 * A value that nobody may see, with an id that everybody may.
 *
 * The value stands in a private Buffer and leaves it by {@link reveal} alone. There is no `toString`: string
 * concatenation throws, and `JSON.stringify` and `util.inspect` show nothing but the id.
 */
export class SecretValue {
  /** Names the value in logs, metrics and the audit record. Not derived from it. */
  readonly id: string;
  readonly #bytes: Buffer;

  constructor(id: string, value: string) {
    this.id = id;
    this.#bytes = Buffer.from(value, 'utf8');
  }

  /** Size of the value in bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  /** The value as text. The string it returns cannot be wiped: let go of it soon. */
  reveal(): string {
    return this.#bytes.toString('utf8');
  }

  /** Overwrites the value in memory. It is of no use afterwards. */
  wipe(): void {
    this.#bytes.fill(0);
  }
}

// Without Object.prototype there is no inherited toString either: `${value}` throws instead of printing something.
Object.setPrototypeOf(SecretValue.prototype, null);
