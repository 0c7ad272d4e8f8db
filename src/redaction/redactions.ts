import { LRUCache } from 'lru-cache';
import { Forms, type HiddenValue } from './forms.ts';

/** How many versions and tokens are remembered, and for how long after they were last sent, in ms. */
const MOST_VALUES = 2_000;
const KEPT_FOR = 60 * 60_000;

/** For how many combinations of them the forms are kept: each is about 200 KB. */
const MOST_FORMS = 200;

/** What injections have carried that must not come back, for as long as responses may bring it. */
export class Redactions {
  readonly #values = new LRUCache<string, readonly HiddenValue[]>({
    max: MOST_VALUES,
    ttl: KEPT_FOR,
    updateAgeOnGet: true,
  });
  readonly #forms = new LRUCache<string, Forms>({ max: MOST_FORMS });

  /**
   * Remembers what is sent.
   *
   * @param id names the integration and the version or the token.
   */
  remember(id: string, values: readonly HiddenValue[]): void {
    if (!this.#values.has(id)) this.#values.set(id, values);
  }

  /**
   * The forms of everything that these have carried. They are made once for each combination, in milliseconds.
   *
   * @param otherwise finds what one has carried that another process has sent.
   * @returns undefined when one of them is not known: what it has carried cannot be hidden.
   */
  formsOf(ids: readonly string[], otherwise: (id: string) => readonly HiddenValue[] | undefined): Forms | undefined {
    const values: HiddenValue[] = [];
    for (const id of ids) {
      const known = this.#values.get(id) ?? otherwise(id);
      if (known === undefined) return undefined;
      this.remember(id, known);
      values.push(...known);
    }
    const key = ids.join(' ');
    let forms = this.#forms.get(key);
    if (forms === undefined) {
      forms = new Forms(values);
      this.#forms.set(key, forms);
    }
    return forms;
  }

  /** Forgets everything. */
  close(): void {
    this.#values.clear();
    this.#forms.clear();
  }
}
