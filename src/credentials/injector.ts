import type { SecretVersion } from '../secrets/secret-version.ts';
import { CredentialError } from './credential-error.ts';
import type { Injection } from './injection.ts';
import type { Credential } from './kind.ts';

/** A client's own credentials: never passed on, whatever the integration sets. */
export const ALWAYS_STRIPPED: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key'];

/**
 * Turns versions of a secret into what is done to a request, once per version: the second request with the same version
 * costs one look-up.
 */
export class Injector {
  readonly #secretId: string;
  readonly #credentials: readonly Credential[];
  readonly #remove: readonly string[];
  readonly #known = new WeakMap<SecretVersion, Injection | CredentialError>();

  constructor(secretId: string, credentials: readonly Credential[]) {
    this.#secretId = secretId;
    this.#credentials = credentials;
    const places = credentials.flatMap((credential) => credential.places);
    this.#remove = ALWAYS_STRIPPED.filter((name) => !places.includes(name));
  }

  /** Whether a version holds what the integration needs. */
  accepts(secret: SecretVersion): boolean {
    return !(this.#result(secret) instanceof CredentialError);
  }

  /** @throws CredentialError when the version does not hold what the integration needs. */
  injection(secret: SecretVersion): Injection {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
    return result;
  }

  #result(secret: SecretVersion): Injection | CredentialError {
    let result = this.#known.get(secret);
    if (result === undefined) {
      result = this.#fill(secret);
      this.#known.set(secret, result);
    }
    return result;
  }

  #fill(secret: SecretVersion): Injection | CredentialError {
    try {
      const set = this.#credentials.flatMap((credential) => credential.fill(this.#secretId, secret));
      return Object.freeze({ set: Object.freeze(set), remove: this.#remove });
    } catch (error) {
      if (error instanceof CredentialError) return error;
      throw error;
    }
  }
}
