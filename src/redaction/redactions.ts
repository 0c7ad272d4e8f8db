import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Forms, type HiddenValue } from './forms.ts';

/** For how many combinations of values the forms are kept, each about 200 KB, and for how long after their last use, in ms. */
const MOST_FORMS = 200;
const KEPT_FOR = 10 * 60_000;

/** The forms of what injections have carried. They are overwritten when they are dropped and no response needs them. */
export class Redactions {
  readonly #salt = randomBytes(32);
  readonly #forms = new LRUCache<string, Forms>({
    max: MOST_FORMS,
    ttl: KEPT_FOR,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: (forms) => forms.drop(),
  });

  /** The forms of all these values: made in milliseconds the first time, and known from then on. */
  formsOf(values: readonly HiddenValue[]): Forms {
    const key = this.#keyOf(values);
    let forms = this.#forms.get(key);
    if (forms === undefined) {
      forms = new Forms(values);
      this.#forms.set(key, forms);
    }
    return forms;
  }

  /** Forgets everything: what is still needed is made anew. */
  forget(): void {
    this.#forms.clear();
  }

  /** By the values themselves: a version of a secret may have other parts that count after its integration was changed. */
  #keyOf(values: readonly HiddenValue[]): string {
    const hmac = createHmac('sha256', this.#salt);
    for (const { bytes } of values) hmac.update(`${bytes.length} `).update(bytes);
    return hmac.digest('base64');
  }
}
