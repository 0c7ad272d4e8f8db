import { SecretValue } from './secret-value.ts';

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

  constructor(id: string, value: string, origin: { readonly createdAt?: number; readonly fromReplica?: boolean } = {}) {
    super(id, value);
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
