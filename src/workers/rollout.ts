import type { Configuration } from '../configuration/configuration.ts';
import type { Verdict } from '../processor/route-discovery.ts';
import type { Log } from '../telemetry/log.ts';

/** A process that answers Envoy, as far as configurations go. */
export interface Member {
  /** Makes a configuration ready. @returns why it cannot be used; undefined when it is ready, gone, or told of another one meanwhile. */
  prepare(configuration: Configuration): Promise<string | undefined>;
  /** Answers by it and gives its routes to Envoy. @returns what Envoy makes of them. */
  use(version: string): Promise<Verdict>;
  /** Refuses new requests to what it has taken away. */
  settle(): void;
}

/**
 * Takes configurations over in all processes that answer Envoy, one after the other: made ready in all of them, then used by all, then
 * settled. So no Envoy gets a route to an integration that one of them does not know. When Envoy rejects the routes, all go back to
 * the configuration before.
 */
export class Rollout {
  readonly #members: () => readonly Member[];
  readonly #log: Log;
  /** The newest one, and what is under way or in use. */
  #wanted: Configuration;
  #inUse: Configuration;
  #pending: Configuration | undefined;
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

  /** What it must make ready besides, for the others do so. */
  get pending(): Configuration | undefined {
    return this.#pending;
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
    this.#pending = configuration;
    const preparing = Promise.all(this.#members().map((member) => member.prepare(configuration)));
    const problems = await (newer === undefined ? preparing : Promise.race([preparing, newer]));
    this.#pending = undefined;
    if (problems === undefined || problems.some((problem) => problem !== undefined)) return undefined;
    this.#inUse = configuration;
    const verdicts = await Promise.all(this.#members().map((member) => member.use(configuration.version)));
    const rejection = verdicts.find(({ kind }) => kind === 'rejected');
    if (rejection !== undefined) return rejection;
    for (const member of this.#members()) member.settle();
    return { kind: 'accepted' };
  }
}
