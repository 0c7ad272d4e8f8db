import type { RotationOptions } from './secret-state.ts';
import type { SecretVersion } from './secret-version.ts';

/** What an integration wants of its secret. */
export interface SecretUse {
  /** The integration's name. */
  readonly name: string;
  /** Name or ARN of the secret. */
  readonly secretId: string;
  /** Regions that hold replicas of it. */
  readonly replicas: readonly string[];
  /** Whether its owner is asked where it may go. Default false. */
  readonly readsHosts?: boolean;
  readonly rotation: RotationOptions;
  /** Whether a version holds what the integration needs. */
  accepts(version: SecretVersion): boolean;
}
