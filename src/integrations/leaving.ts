import type { Catalogue } from './catalogue.ts';
import type { Integration } from './integration.ts';

/** How long a request may go on being tried after its integration has left, and its response being searched, in ms. */
export const LONGEST_REQUEST = 600_000;

/** An integration that is no part of the catalogue any more, or only at another host. */
interface Left {
  readonly integration: Integration;
  /** When it is forgotten; undefined while new requests may still use it. */
  until: number | undefined;
}

/**
 * The integrations that a change has taken away or to another host. Until Envoy has taken the change, requests come by the routes
 * before; afterwards they are closed: only what is under way goes on, for {@link LONGEST_REQUEST} at most.
 */
export class Leaving {
  readonly #left = new Map<string, Left[]>();

  /** The integration of a request, if it is one of these. */
  of(name: string, host: string | undefined, attempt: number | undefined): Integration | undefined {
    if (this.#left.size === 0) return undefined;
    const isUnderWay = attempt !== undefined && attempt > 1;
    return this.#left
      .get(name)
      ?.find(({ integration, until }) => integration.host === host && (until === undefined || isUnderWay))?.integration;
  }

  /** All of a name: responses to what they have sent may be under way. */
  named(name: string): readonly Integration[] {
    return this.#left.get(name)?.map(({ integration }) => integration) ?? [];
  }

  /** Takes note of a change. What has come back is no longer one of these. */
  change(before: Iterable<Integration>, after: Catalogue): void {
    const stays = ({ name, host }: Integration) => after.get(name)?.host === host;
    for (const integration of before) {
      if (stays(integration)) continue;
      const others = this.#left.get(integration.name)?.filter((it) => it.integration.host !== integration.host) ?? [];
      this.#left.set(integration.name, [...others, { integration, until: undefined }]);
    }
    this.#keep(({ integration }) => !stays(integration));
  }

  /** What closes those that are open now: no new request uses them from then on. */
  closing(): (time: number) => void {
    const open = this.#all().filter(({ until }) => until === undefined);
    return (time) => {
      for (const left of open) left.until ??= time + LONGEST_REQUEST;
    };
  }

  /** Forgets those whose time is over. @returns whether there were any. */
  forget(time: number): boolean {
    return this.#keep(({ until }) => until === undefined || until > time);
  }

  *[Symbol.iterator](): Generator<Integration> {
    for (const { integration } of this.#all()) yield integration;
  }

  #all(): Left[] {
    return [...this.#left.values()].flat();
  }

  #keep(isKept: (left: Left) => boolean): boolean {
    let dropped = false;
    for (const [name, those] of this.#left) {
      const kept = those.filter(isKept);
      if (kept.length === those.length) continue;
      dropped = true;
      if (kept.length === 0) this.#left.delete(name);
      else this.#left.set(name, kept);
    }
    return dropped;
  }
}
