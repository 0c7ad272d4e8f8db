import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { classify } from '../aws/classify.ts';
import { Cell } from '../cache/cell.ts';
import { now } from '../cache/clock.ts';
import type { Deadline } from '../cache/deadline.ts';
import type { Freshness } from '../cache/freshness.ts';
import type { RefreshNews } from '../cache/refresh.ts';
import { canonicalAddress, ipv4Bits } from './address.ts';
import { Batch } from './batch.ts';
import { tagFault } from './caller-rule.ts';
import type { Ec2Instance } from './ec2-instance.ts';
import type { InstanceTags, Owner } from './instance-tags.ts';
import { LookupError } from './lookup-error.ts';

/** How many addresses are remembered: the least recently used ones are forgotten, and looked up again when they come back. */
const MOST_ADDRESSES = 10_000;

/** An address that nobody has come from for so long is forgotten, in ms: whoever has it next is looked up before its first request. */
const FORGET_AFTER = 5 * 60_000;

/** After how long an owner is looked up again, in ms: an address that changes hands is noticed well within a minute. */
const OWNED_FRESH_FOR = 25_000;

/** The same for an address without tags, so that a machine that is tagged need not wait long. */
const BARE_FRESH_FOR = 10_000;

/** How many addresses go into one call. The answer has some 5 kB for each, and is parsed in one turn. */
const BATCH = 50;

/** What finds instances by their addresses. */
export interface InstanceSource {
  /** @see Ec2.instances */
  instances(addresses: readonly string[], urgent: boolean): Promise<readonly Ec2Instance[]>;
}

/** What a look-up has found or why it has not. */
export type LookupEvent =
  | { readonly kind: 'found'; readonly address: string; readonly owner: FoundOwner }
  | { readonly kind: 'confirmed'; readonly address: string }
  | { readonly kind: 'failed'; readonly address: string; readonly error: LookupError }
  | { readonly kind: 'purged'; readonly address: string; readonly error: LookupError };

/** An owner, with the instances that have the address although only one can. */
export interface FoundOwner extends Owner {
  /** Two or more instances; empty when all is well. */
  readonly rivals: readonly string[];
}

const NO_TAGS: ReadonlySet<string> = new Set();
const NO_OWNER: FoundOwner = Object.freeze({ instance: undefined, tags: NO_TAGS, rivals: Object.freeze([]) });

/**
 * The tags that EC2 instances carry, by the addresses that they have. Looked up in the background and cached: answers that there is no
 * such instance too. Addresses that come up together are asked for together.
 */
export class Ec2Tags implements InstanceTags {
  readonly #freshness: Freshness;
  readonly #tag: string;
  readonly #notify: (event: LookupEvent) => void;
  readonly #batches: { readonly v4: Batch<FoundOwner>; readonly v6: Batch<FoundOwner> };
  readonly #cells: LRUCache<string, Cell<FoundOwner, LookupError>>;

  /**
   * @param tag the key of the EC2 tag that lists an instance's tags.
   * @param freshness how long an answer holds while AWS fails.
   */
  constructor(
    source: InstanceSource,
    tag: string,
    freshness: Pick<Freshness, 'maxStale'>,
    notify: (event: LookupEvent) => void,
  ) {
    this.#freshness = { ...freshness, refreshAfter: OWNED_FRESH_FOR };
    this.#tag = tag;
    this.#notify = notify;
    const batch = () =>
      new Batch(BATCH, async (addresses, urgent) => {
        const instances = await source.instances(addresses, urgent);
        const owners = ownersOf(instances);
        return (address) => this.#ownerAmong(owners.get(address));
      });
    this.#batches = { v4: batch(), v6: batch() };
    this.#cells = new LRUCache({
      max: MOST_ADDRESSES,
      ttl: FORGET_AFTER,
      updateAgeOnGet: true,
      // The clock that the cells go by.
      perf: { now },
      dispose: (cell) => cell.close(),
    });
  }

  /** @throws LookupError (or rejects with it) when there is no answer that may still be used. */
  ownerOf(address: string, deadline: Deadline): Owner | Promise<Owner> {
    const known = this.#cells.get(address);
    if (known !== undefined) return known.get(deadline);
    if (isNeverAnInstances(address)) return NO_OWNER;
    const cell = this.#cell(address);
    this.#cells.set(address, cell);
    return cell.get(deadline);
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#cells.size;
  }

  /** Forgets everything. */
  close(): void {
    this.#cells.clear();
  }

  #cell(address: string): Cell<FoundOwner, LookupError> {
    const batch = isIPv6(address) ? this.#batches.v6 : this.#batches.v4;
    return new Cell<FoundOwner, LookupError>(
      {
        load: (urgent) => batch.get(address, urgent),
        same: (a, b) => a.instance === b.instance && sameMembers(a.tags, b.tags) && a.rivals.length === b.rivals.length,
        lifetime: ({ tags }) => ({
          freshFor: tags.size > 0 ? OWNED_FRESH_FOR : BARE_FRESH_FOR,
          usableFor: this.#freshness.maxStale,
        }),
        // A stale entry is disposed of when it is asked for next, and the next owner looked up first.
        isIdle: () => !this.#cells.has(address),
        failure: (cause) => {
          const { reason, detail } = classify(cause);
          return new LookupError(address, reason, detail);
        },
        late: (ms) => new LookupError(address, 'timeout', `no answer in ${ms} ms`),
        notify: (event) => this.#tell(address, event),
      },
      this.#freshness,
    );
  }

  #tell(address: string, event: RefreshNews<FoundOwner, LookupError>): void {
    if (event.kind === 'loaded') this.#notify({ kind: 'found', address, owner: event.value });
    else if (event.kind === 'confirmed') this.#notify({ kind: 'confirmed', address });
    else this.#notify({ kind: event.kind, address, error: event.error });
  }

  #ownerAmong(instances: readonly Ec2Instance[] = []): FoundOwner {
    const [instance, ...others] = instances;
    if (instance === undefined) return NO_OWNER;
    if (others.length > 0) return Object.freeze({ ...NO_OWNER, rivals: Object.freeze(instances.map(({ id }) => id)) });
    const tags = new Set(
      (instance.tags.get(this.#tag) ?? '')
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tagFault(tag) === undefined),
    );
    return Object.freeze({ ...NO_OWNER, instance: instance.id, tags });
  }
}

function ownersOf(instances: readonly Ec2Instance[]): Map<string, Ec2Instance[]> {
  const owners = new Map<string, Ec2Instance[]>();
  for (const instance of instances) {
    for (const written of new Set(instance.addresses.map(canonicalAddress))) {
      if (written === undefined) continue;
      owners.set(written, [...(owners.get(written) ?? []), instance]);
    }
  }
  return owners;
}

/** Loopback and link-local addresses: they mean another machine on every machine. */
function isNeverAnInstances(address: string): boolean {
  if (address.includes(':')) return address === '::1' || address === '::' || /^fe[89ab]/.test(address);
  const top = ipv4Bits(address) >>> 16;
  return top >>> 8 === 127 || top >>> 8 === 0 || top === 0xa9fe;
}

function sameMembers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}
