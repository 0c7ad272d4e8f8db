import type { z } from 'zod';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { HeaderField } from './injection.ts';
import type { Template } from './template.ts';

/** A credential as a route asks for it: ready to be filled in with a secret. */
export interface Credential {
  /** The lower-case names of the headers that it sets. */
  readonly places: readonly string[];
  /** What it takes from the secret. */
  readonly templates: readonly Template[];
  /**
   * The headers for one version of the secret.
   *
   * @throws CredentialError when the secret does not hold what is needed.
   */
  fill(secretId: string, secret: SecretVersion): readonly HeaderField[];
}

/** A kind of credential: the key by which a route asks for it, and what may stand under that key. */
export interface CredentialKind {
  /** For example `bearer`. */
  readonly key: string;
  /** The key with a value as it is written. */
  readonly example: string;
  /** Turns what stands under the key into a credential, or says what is wrong with it. */
  readonly schema: z.ZodType<Credential>;
}
