import type { Integration } from './integration.ts';

/** Every integration of one file, as it was read. Immutable: a change of the file makes a new one. */
export class Catalogue {
  readonly #integrations: ReadonlyMap<string, Integration>;
  /** Each secret that an integration names. */
  readonly secretIds: ReadonlySet<string>;

  constructor(integrations: Iterable<Integration>) {
    this.#integrations = new Map([...integrations].map((integration) => [integration.name, integration]));
    this.secretIds = new Set([...this.#integrations.values()].map(({ secretId }) => secretId));
    Object.freeze(this);
  }

  get size(): number {
    return this.#integrations.size;
  }

  get(name: string): Integration | undefined {
    return this.#integrations.get(name);
  }

  [Symbol.iterator](): MapIterator<Integration> {
    return this.#integrations.values();
  }
}
