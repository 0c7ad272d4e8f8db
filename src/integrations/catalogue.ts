import type { TagTable } from '../callers/caller-policy.ts';
import type { Ec2Options } from '../callers/ec2-options.ts';
import type { ServerWide } from './description.ts';
import type { Integration } from './integration.ts';

/** What the integrations of one file have in common. */
export interface Common {
  /** The tags that the file defines, ready for use. */
  readonly tags: TagTable;
  /** The same as long as what a file says of this is the same. */
  readonly fingerprint: string;
}

/** Every integration of one file, as it was read. Immutable: a change of the file makes a new one. */
export class Catalogue {
  readonly #integrations: ReadonlyMap<string, Integration>;
  readonly #bySecret: ReadonlyMap<string, readonly Integration[]>;
  /** Each secret that an integration names. */
  readonly secretIds: ReadonlySet<string>;

  /** Where tags are read besides the file. Absent: nowhere. */
  readonly tagsFromEc2: Ec2Options | undefined;

  /** Where a caller asks what it may use. Absent: nowhere. */
  readonly discovery: string | undefined;

  /** What all integrations draw on. */
  readonly common: Common;

  constructor(
    integrations: Iterable<Integration>,
    common: Common,
    options: Pick<ServerWide, 'tagsFromEc2' | 'discovery'>,
  ) {
    this.#integrations = new Map([...integrations].map((integration) => [integration.name, integration]));
    this.#bySecret = Map.groupBy(this.#integrations.values(), ({ secretId }) => secretId);
    this.secretIds = new Set(this.#bySecret.keys());
    this.tagsFromEc2 = options.tagsFromEc2;
    this.discovery = options.discovery;
    this.common = common;
    Object.freeze(this);
  }

  get size(): number {
    return this.#integrations.size;
  }

  get(name: string): Integration | undefined {
    return this.#integrations.get(name);
  }

  /** The integrations that name a secret. */
  using(secretId: string): readonly Integration[] {
    return this.#bySecret.get(secretId) ?? [];
  }

  [Symbol.iterator](): MapIterator<Integration> {
    return this.#integrations.values();
  }
}
