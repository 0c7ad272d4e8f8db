/**
 * One immutable version of a secret's value, as AWS Secrets Manager names it by its VersionId.
 *
 * The value stands in a private Buffer and leaves it by {@link reveal} alone. There is no `toString`: string
 * concatenation throws, and `JSON.stringify` and `util.inspect` show nothing but the id.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export class SecretVersion {
  /** The VersionId, 32 to 64 characters. Not a secret. */
  readonly id: string;
  /** When the version was created, in ms since 1970, where AWS says so. */
  readonly createdAt: number | undefined;
  /** Whether it was read from a replica, which may lag behind. */
  readonly fromReplica: boolean;
  readonly #bytes: Buffer;

  constructor(id: string, value: string, origin: { readonly createdAt?: number; readonly fromReplica?: boolean } = {}) {
    this.id = id;
    this.createdAt = origin.createdAt;
    this.fromReplica = origin.fromReplica ?? false;
    this.#bytes = Buffer.from(value, 'utf8');
  }

  /** The first 8 characters of the id: what logs, metrics and the audit record show. */
  get shortId(): string {
    return shortVersionId(this.id);
  }

  /** Size of the value in bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  /** The value as text. The string it returns cannot be wiped: let go of it soon. */
  reveal(): string {
    return this.#bytes.toString('utf8');
  }

  /** Overwrites the value in memory. The version is of no use afterwards. */
  wipe(): void {
    this.#bytes.fill(0);
  }
}

// Without Object.prototype there is no inherited toString either: `${version}` throws instead of printing something.
Object.setPrototypeOf(SecretVersion.prototype, null);

/** The first 8 characters of a VersionId. */
export function shortVersionId(id: string): string {
  return id.slice(0, 8);
}
