import { createHmac, randomBytes } from 'node:crypto';
import type { LaneCount } from '../admin/report.ts';
import { now } from '../cache/clock.ts';
import { Deadline } from '../cache/deadline.ts';
import type { SharedField } from '../credentials/injector.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { Integration } from '../integrations/integration.ts';
import { type Held, type Pushed, type PushSource, SecretDiscovery } from '../processor/secret-discovery.ts';
import type { Outlook } from '../secrets/secret.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { RequestCounters } from '../telemetry/request-counters.ts';
import { TokenError } from '../tokens/token-error.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { encodeExpress } from './encode-express.ts';

/** How often what is pushed is looked at, in ms: time alone may change it, and tokens are kept fresh only while they are asked for. */
const LOOK_EVERY = 5_000;

/** By which part of the longest age what Envoy has must be prolonged, at least, to be worth a push. */
const WORTHWHILE = 1 / 10;

/** What Envoy has that has nothing: Attaché is asked about each request. */
const ASKED = '-';

/** What an express lane draws on. */
export interface ExpressOptions {
  readonly catalogue: () => Catalogue;
  readonly secrets: SecretStore;
  readonly tokens: TokenStore;
  /** How long getting a token may be waited for, in ms. */
  readonly fetchDeadline: number;
  /** Age beyond which no secret is used, in ms. */
  readonly maxStale: number;
  /** What all processes behind one Envoy tell values apart by. Absent: a key of this process's own. */
  readonly key?: Buffer | undefined;
  /** Told of each rejection by Envoy, which keeps what it has. */
  readonly rejected: (integration: string, reason: string) => void;
}

/**
 * Gives Envoy what requests of the integrations with `lane: express` carry, with an end to its use, so that Attaché is not asked about
 * each of them. Envoy is told to ask again wherever more than the secret decides: while refusals are being looked into, when a
 * destination is not allowed, and when there is nothing to be sent.
 */
export class ExpressLane implements PushSource {
  readonly discovery = new SecretDiscovery(this);
  readonly #options: ExpressOptions;
  readonly #key: Buffer;
  readonly #counts = new RequestCounters();
  readonly #changed = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ExpressOptions) {
    this.#options = options;
    this.#key = options.key ?? randomBytes(32);
    this.#timer = setInterval(() => this.#offerAll(), LOOK_EVERY);
    this.#timer.unref();
  }

  /** Something about a secret has changed, or about a token that was got with it. What follows is pushed after this turn. */
  changed(secretId: string): void {
    for (const { name, lane } of this.#options.catalogue().using(secretId)) if (lane === 'express') this.touched(name);
  }

  /** Something about an integration has changed. */
  touched(name: string): void {
    if (this.#changed.size === 0) setImmediate(() => this.#offerChanged());
    this.#changed.add(name);
  }

  /** The configuration has changed. */
  reconfigured(): void {
    for (const name of this.discovery.names) this.touched(name);
  }

  /** Envoy has asked about an attempt of a request, in spite of the lane: a first one, or one after it. */
  asked(name: string, attempt: number | undefined): void {
    if (this.#options.catalogue().get(name)?.lane !== 'express') return;
    const isFirst = attempt === undefined || attempt <= 1;
    this.#counts.count(name, isFirst ? 'asked' : 'asked_again');
    // Refusals are being looked into from now on.
    if (!isFirst) this.touched(name);
  }

  /** How often values were pushed and withdrawn, and Envoy has asked all the same, by integration. */
  counts(): LaneCount[] {
    return [...this.#counts.rows()].map(({ integration, outcome, count }) => ({ integration, event: outcome, count }));
  }

  now(): number {
    return now();
  }

  rejected(name: string, reason: string): void {
    this.#options.rejected(name, reason);
  }

  pushed(name: string, held: Held): Pushed | undefined {
    const integration = this.#options.catalogue().get(name);
    const outlook = integration?.lane === 'express' ? this.#outlook(integration) : 'asked';
    if (integration === undefined || outlook === 'asked') return this.#withdrawn(name, held);
    // Another process may have had one: Envoy uses that until its end.
    const nothing = () => (held.version === '' ? this.#withdrawn(name, held) : undefined);
    if (outlook === undefined) return nothing();
    const before = versionOf(held.version);
    const isOfOthers = before !== undefined && !held.isOwn && before.id !== outlook.version.id;
    if (isOfOthers && outlook.checkedAt < held.askedAt) {
      // One of two processes is behind. AWS knows which.
      this.#options.secrets.choice(integration).confirm();
      return undefined;
    }
    const shared = this.#shared(integration, outlook);
    if (shared === 'asked') return this.#withdrawn(name, held);
    return shared === undefined ? nothing() : this.#value(integration, outlook, shared, held);
  }

  close(): void {
    clearInterval(this.#timer);
    this.discovery.close();
  }

  #outlook(integration: Integration): Outlook | 'asked' | undefined {
    const choice = this.#options.secrets.choice(integration);
    const { hosts } = choice;
    if (hosts !== undefined && !hosts.includes(integration.host)) return 'asked';
    return choice.outlook;
  }

  /** What is sent; undefined while it is on its way. */
  #shared(integration: Integration, { version }: Outlook): SharedField | 'asked' | undefined {
    const { tokens, fetchDeadline } = this.#options;
    const failed = (error: unknown) =>
      error instanceof TokenError && !error.policy.isVerdict ? undefined : ('asked' as const);
    try {
      const shared = integration.injector.shared(version, integration.host, tokens, new Deadline(fetchDeadline));
      if (!(shared instanceof Promise)) return shared.final ? 'asked' : shared;
      // What becomes of it is told by the store of tokens.
      shared.catch(() => undefined);
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  #value(integration: Integration, { version, until }: Outlook, shared: SharedField, held: Held): Pushed | undefined {
    const left = Math.min(until, shared.until) - now();
    const expires = Math.floor((Date.now() + left) / 1_000);
    const value = encodeExpress(integration, version, shared, expires);
    if (value === undefined) return this.#withdrawn(integration.name, held);
    const mark = createHmac('sha256', this.#key)
      .update(value.subarray(value.indexOf(' ', 2)))
      .digest('hex')
      .slice(0, 16);
    const before = versionOf(held.version);
    const worthwhile = (this.#options.maxStale * WORTHWHILE) / 1_000;
    if (before?.id === version.id && before.mark === mark && expires - before.expires < worthwhile) {
      value.fill(0);
      return undefined;
    }
    this.#counts.count(integration.name, 'pushed');
    return { version: `${version.id}.${expires}.${mark}`, value };
  }

  #withdrawn(name: string, { version }: Held): Pushed | undefined {
    if (version === ASKED) return undefined;
    if (this.#options.catalogue().get(name) !== undefined) this.#counts.count(name, 'withdrawn');
    return { version: ASKED, value: Buffer.from(ASKED) };
  }

  #offerChanged(): void {
    const names = [...this.#changed];
    this.#changed.clear();
    for (const name of names) this.discovery.offer(name);
  }

  #offerAll(): void {
    for (const name of this.discovery.names) this.discovery.offer(name);
  }
}

/** What the version says that Envoy was given. */
interface HeldVersion {
  /** VersionId of the secret. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly expires: number;
  readonly mark: string;
}

function versionOf(text: string): HeldVersion | undefined {
  const [id, expires, mark] = text.split('.');
  return id === undefined || expires === undefined || mark === undefined
    ? undefined
    : { id, expires: Number(expires), mark };
}
