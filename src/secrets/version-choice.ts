import type { Deadline } from '../cache/deadline.ts';
import type { Outlook, Secret } from './secret.ts';
import type { SecretVersion } from './secret-version.ts';

/**
 * Which version of its secret an integration sends: normally the current one. Around a rotation it is the one that the
 * destination takes, learnt from its refusals; and when a new version lacks what is needed, the last good one.
 */
export class VersionChoice {
  readonly #use: string;
  readonly #secret: Secret;

  /** @param use name of the integration. */
  constructor(use: string, secret: Secret) {
    this.#use = use;
    this.#secret = secret;
  }

  /** @see Secret.first */
  first(deadline: Deadline): SecretVersion | Promise<SecretVersion> {
    return this.#secret.first(this.#use, deadline);
  }

  /** @see Secret.next */
  next(tried: readonly string[], deadline: Deadline): Promise<SecretVersion> {
    return this.#secret.next(this.#use, tried, deadline);
  }

  /** @see Secret.again */
  again(refused: readonly string[], deadline: Deadline): SecretVersion | Promise<SecretVersion> {
    return this.#secret.again(this.#use, refused, deadline);
  }

  /** @see Secret.outlook */
  get outlook(): Outlook | 'asked' | undefined {
    return this.#secret.outlook(this.#use);
  }

  /** @see Secret.confirm */
  confirm(): void {
    this.#secret.confirm();
  }

  /**
   * Whether a refusal of what is sent now would be final: most requests are refused, no other version is left to try, and the
   * secret may not be read again yet. A retry would only bother the destination.
   */
  get hopeless(): boolean {
    return this.#secret.isHopeless(this.#use);
  }

  /** A version that is held, by its VersionId. */
  version(id: string): SecretVersion | undefined {
    return this.#secret.version(id);
  }

  /** The hosts to which the secret may go; undefined when its owner does not say, or is not asked. */
  get hosts(): readonly string[] | undefined {
    return this.#secret.hosts;
  }

  /** Milliseconds until a request makes a secret without a usable value be read again. */
  get retryAfter(): number {
    return this.#secret.retryAfter;
  }
}
