import { SecretValue } from './secret-value.ts';

/** The largest value that AWS stores, in bytes. */
export const LARGEST_SECRET = 65_536;

/** What is known of a version besides its value. */
export interface SecretOrigin {
  readonly createdAt?: number;
  readonly fromReplica?: boolean;
  readonly hosts?: readonly string[] | undefined;
}

/**
 * One immutable version of a secret's value, as AWS Secrets Manager names it by its VersionId (32 to 64 characters).
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export class SecretVersion extends SecretValue {
  /** When the version was created, in ms since 1970, where AWS says so. */
  readonly createdAt: number | undefined;
  /** Whether it was read from a replica, which may lag behind. */
  readonly fromReplica: boolean;
  /** The hosts to which its secret may go, as its owner says in the tag `attache:hosts`. Undefined: not asked, or not said. */
  readonly hosts: readonly string[] | undefined;

  constructor(id: string, value: string, origin: SecretOrigin = {}) {
    super(id, value);
    this.hosts = origin.hosts;
    this.createdAt = origin.createdAt;
    this.fromReplica = origin.fromReplica ?? false;
  }

  /** The first 8 characters of the id: what logs, metrics and the audit record show. */
  get shortId(): string {
    return shortVersionId(this.id);
  }
}

/** The first 8 characters of a VersionId. */
export function shortVersionId(id: string): string {
  return id.slice(0, 8);
}
