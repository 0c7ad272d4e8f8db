import type { Configuration } from '../configuration/configuration.ts';
import type { Verdict } from '../processor/route-discovery.ts';
import type { Log } from '../telemetry/log.ts';

/** A process that answers Envoy, as far as configurations go. */
export interface Member {
  /** Makes a configuration ready. @returns why it cannot be used; undefined when it is ready, gone, or told of another one meanwhile. */
  prepare(configuration: Configuration): Promise<string | undefined>;
  /** Answers by it, once it is ready for that. From then on no Envoy gets other routes from it. */
  use(version: string): Promise<void>;
  /** Gives its routes to Envoy. @returns what Envoy makes of them. */
  publish(version: string): Promise<Verdict>;
  /** Refuses new requests to what it has taken away. */
  settle(): void;
}

/**
 * Takes configurations over in all processes that answer Envoy, one after the other: made ready in all of them, then used by all, then
 * given to Envoy, then settled. So no Envoy gets a route to an integration that one of them does not know, nor an older one after it.
 * When Envoy rejects the routes, all go back to the configuration before.
 */
export class Rollout {
  readonly #members: () => readonly Member[];
  readonly #log: Log;
  /** The newest one, and what is under way or in use. */
  #wanted: Configuration;
  #inUse: Configuration;
  #pending: Configuration | undefined;
  /** What the processes say that make that ready, those too that have started meanwhile. */
  #preparing: Promise<string | undefined>[] = [];
  #running: Promise<void> | undefined;
  /** Tells what is being made ready that another one is wanted. */
  #newer: (() => void) | undefined;

  /** @param first the configuration with which processes start. */
  constructor(first: Configuration, members: () => readonly Member[], log: Log) {
    this.#members = members;
    this.#log = log;
    this.#wanted = first;
    this.#inUse = first;
  }

  /** What a process that starts now answers by. */
  get inUse(): Configuration {
    return this.#inUse;
  }

  /** A process has started, by what is in use: what the others make ready it makes ready as well, and nobody uses that before. */
  joined(member: Member): void {
    if (this.#pending !== undefined) this.#preparing.push(member.prepare(this.#pending));
  }

  /** Has a configuration taken over. One that comes while another is made ready takes its place. Never rejects. */
  take(configuration: Configuration): Promise<void> {
    this.#wanted = configuration;
    this.#newer?.();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const wanted = this.#wanted;
      const before = this.#inUse;
      const newer = Promise.withResolvers<undefined>();
      this.#newer = () => newer.resolve(undefined);
      const verdict = await this.#takeOver(wanted, newer.promise);
      this.#newer = undefined;
      if (verdict?.kind === 'rejected') {
        this.#log.error('Envoy rejects the routes: the configuration before is in use again');
        await this.#takeOver(before);
      }
      if (this.#wanted === wanted) return;
    }
  }

  /**
   * @param newer settles when it is not wanted any more.
   * @returns undefined when it was not taken over.
   */
  async #takeOver(configuration: Configuration, newer?: Promise<undefined>): Promise<Verdict | undefined> {
    if (!(await this.#makeReady(configuration, newer))) return undefined;
    await Promise.all(this.#members().map((member) => member.use(configuration.version)));
    const verdicts = await Promise.all(this.#members().map((member) => member.publish(configuration.version)));
    const rejection = verdicts.find(({ kind }) => kind === 'rejected');
    if (rejection !== undefined) return rejection;
    for (const member of this.#members()) member.settle();
    return { kind: 'accepted' };
  }

  /** Has it made ready everywhere and become what is in use. @returns whether it has; not when one cannot, nor when it is not wanted any more. */
  async #makeReady(configuration: Configuration, newer: Promise<undefined> | undefined): Promise<boolean> {
    const isLeft = newer?.then(() => false) ?? new Promise<never>(() => undefined);
    this.#pending = configuration;
    this.#preparing = this.#members().map((member) => member.prepare(configuration));
    let isReady = true;
    // The list grows: who joins meanwhile is waited for as well. From the last answer on, who joins does so by this configuration.
    for (const one of this.#preparing) {
      isReady &&= await Promise.race([one.then((problem) => problem === undefined), isLeft]);
      if (!isReady) break;
    }
    this.#pending = undefined;
    if (isReady) this.#inUse = configuration;
    return isReady;
  }
}
