import { Acceptance } from './acceptance.ts';
import type { Freshness } from './cell.ts';
import type { RotationOptions, Secret, SecretEvent, SecretPlace } from './secret.ts';
import type { SecretVersion } from './secret-version.ts';

/** For how long what was learnt holds, in ms, unless the secret changes before. */
const LEARNT_FOR = 10 * 60_000;

/** What an integration wants of its secret. */
export interface SecretUse extends SecretPlace {
  /** The integration's name. */
  readonly name: string;
  /** Name or ARN of the secret. */
  readonly secretId: string;
  readonly rotation: RotationOptions;
  /** Whether a version holds what the integration needs. */
  accepts(version: SecretVersion): boolean;
}

/** What is told of a rotation. */
export interface RotationEvent {
  /** `learnt`: another version is used from now on. `kept`: a new version is unusable, so the one before stays in use. */
  readonly kind: 'learnt' | 'kept';
  readonly integration: string;
  readonly secret: string;
  /** First 8 characters of the id of the version that is used. */
  readonly version: string;
}

/**
 * Which version of its secret an integration sends: normally the current one. Around a rotation it is the one that the
 * destination takes, learnt from its refusals; and when a new version lacks what is needed, the last good one.
 */
export class Rotation {
  readonly #use: SecretUse;
  readonly #secret: Secret;
  readonly #keepFor: number;
  readonly #observe: (event: RotationEvent) => void;
  readonly #acceptance = new Acceptance();
  readonly #unsubscribe: () => void;
  #hopelessUntil = Number.NEGATIVE_INFINITY;
  #instead: { readonly version: SecretVersion; readonly until: number } | undefined;

  constructor(use: SecretUse, secret: Secret, freshness: Freshness, observe: (event: RotationEvent) => void) {
    this.#use = use;
    this.#secret = secret;
    // The version was last checked up to refreshAfter before it was replaced.
    this.#keepFor = freshness.maxStale - freshness.refreshAfter;
    this.#observe = observe;
    this.#unsubscribe = secret.subscribe((event) => this.#changed(event));
    const current = secret.cell.peek();
    if (current !== undefined) this.#keepUnlessUsable(current, secret.replaced);
  }

  /**
   * The version for a first attempt, at once when there is a usable one.
   *
   * @throws SecretError (or rejects with it) when there is none within the deadline.
   */
  first(): SecretVersion | Promise<SecretVersion> {
    const current = this.#secret.cell.get();
    // While a refusal would be final it is not heard of, so that the use says nothing either.
    if (this.#acceptance.watching && !this.hopeless) this.#acceptance.used();
    return this.#instead === undefined || current instanceof Promise ? current : this.#default(current);
  }

  /**
   * The version for an attempt that follows refused ones.
   *
   * @param tried ids of the versions that the earlier attempts carried, in their order; empty when Envoy did not keep them.
   * @returns one that was not tried; when none is left the current one, so that the destination's own answer stands.
   * @throws SecretError when there is no usable version.
   */
  async next(tried: readonly string[]): Promise<SecretVersion> {
    this.#learn(tried.at(-1));
    const version = await this.#secret.untried(tried, this.#use.rotation);
    if (version === undefined || !this.#use.accepts(version)) return this.#giveUp();
    this.#acceptance.tried(version.id);
    this.#prefer(version);
    return version;
  }

  /**
   * Whether a refusal of what is sent now would be final: most requests are refused, no other version is left to try, and the
   * secret may not be checked again yet. A retry would only bother the destination.
   */
  get hopeless(): boolean {
    return performance.now() < this.#hopelessUntil;
  }

  /** A version that is held, by its VersionId. */
  version(id: string): SecretVersion | undefined {
    return this.#instead?.version.id === id ? this.#instead.version : this.#secret.version(id);
  }

  /** The hosts to which the secret may go; undefined when its owner does not say, or is not asked. */
  get hosts(): readonly string[] | undefined {
    return this.#secret.hosts;
  }

  /** Milliseconds until a request makes a secret without a usable value be read again. */
  get retryAfter(): number {
    return this.#secret.cell.retryAfter;
  }

  /** Stops following the secret. */
  close(): void {
    this.#unsubscribe();
  }

  #default(current: SecretVersion): SecretVersion {
    if (this.#instead === undefined) return current;
    if (performance.now() < this.#instead.until) return this.#instead.version;
    this.#instead = undefined;
    this.#acceptance.reset();
    return current;
  }

  async #giveUp(): Promise<SecretVersion> {
    // As long as others are taken, refusals are listened to: they may be the first signs of a rotation.
    if (this.#acceptance.widelyRefused) this.#hopelessUntil = performance.now() + this.#secret.checkAgainIn;
    return this.#default(await this.#secret.cell.get());
  }

  #learn(refused: string | undefined): void {
    const current = this.#secret.cell.peek();
    if (refused === undefined || current === undefined) return;
    if (refused !== this.#default(current).id) this.#acceptance.refusedToo(refused);
    else if (this.#acceptance.refused()) this.#secret.renewBudget();
  }

  /** Uses a version from now on when it has become clear that it is the one that is taken. */
  #prefer(version: SecretVersion): void {
    if (this.#acceptance.better !== version.id) return;
    this.#acceptance.reset();
    const isCurrent = version === this.#secret.cell.peek();
    const holdsFor = version === this.#secret.replaced ? Math.min(LEARNT_FOR, this.#secret.replacedFor) : LEARNT_FOR;
    this.#instead = isCurrent ? undefined : { version, until: performance.now() + holdsFor };
    this.#tell('learnt', version);
  }

  #changed(event: SecretEvent): void {
    if (event.kind === 'purged') this.#instead = undefined;
    if (event.kind !== 'loaded') return;
    const { value, previous } = event;
    const before = this.#instead?.version ?? previous;
    this.#instead = undefined;
    this.#hopelessUntil = Number.NEGATIVE_INFINITY;
    this.#acceptance.reset();
    this.#keepUnlessUsable(value, before);
  }

  /** A new version that lacks what is needed does not take the place of a good one. */
  #keepUnlessUsable(current: SecretVersion, before: SecretVersion | undefined): void {
    if (before === undefined || this.#use.accepts(current) || !this.#use.accepts(before)) return;
    this.#instead = { version: before, until: performance.now() + this.#keepFor };
    this.#tell('kept', before);
  }

  #tell(kind: RotationEvent['kind'], { shortId }: SecretVersion): void {
    this.#observe({ kind, integration: this.#use.name, secret: this.#use.secretId, version: shortId });
  }
}
