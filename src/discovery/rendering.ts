import { randomBytes } from 'node:crypto';
import { html } from 'hono/html';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../callers/caller.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import { type DiscoveryAnswer, discoveryAnswer, whoAsks } from './answer.ts';
import type { AskedAt } from './asked-at.ts';
import { type Listing, listingOf } from './listing.ts';
import { discoveryPage } from './page.ts';
import { pagesOf } from './pages.ts';
import type { Found } from './usable.ts';

/** How much text is remembered for one catalogue, in characters, and for how many kinds of callers, addresses and pages. */
const MOST_TEXT = 16_000_000;
const MOST_TEXTS = 256;

/** What stands in a remembered text for what differs from question to question. Nobody can write it into a configuration. */
const mark = randomBytes(8).toString('hex');
const PORT = `port-${mark}`;
const NAME = `name-${mark}`;
const CALLER = `caller-${mark}`;

/** A question, as far as the answer depends on it. */
export interface Asked {
  readonly caller: Caller;
  readonly at: AskedAt;
  readonly page: number;
  readonly form: 'html' | 'json';
}

/**
 * The answers to questions about one catalogue. Who may use the same integrations is told the same, but for its own name and the
 * address at which it has asked: so the text is made once, and a question costs little however many integrations there are.
 */
export class Rendering {
  readonly #pages = new LRUCache<string, readonly (readonly Listing[])[]>({ max: MOST_TEXTS });
  readonly #texts = new LRUCache<string, string>({
    max: MOST_TEXTS,
    maxSize: MOST_TEXT,
    sizeCalculation: (text) => text.length + 1,
  });

  /** @returns undefined when there is no such page. */
  text(found: Found, asked: Asked): string | undefined {
    const { caller, at, page, form } = asked;
    const whose = JSON.stringify([found.key, at.zone, at.scheme]);
    const pages = remembered(this.#pages, whose, () => pagesOf(listings(found, at)));
    if (page > pages.length) return undefined;
    const answer = () => discoveryAnswer(caller, found, pages, { page, at: { ...at, port: `:${PORT}` } });
    const { knownBy } = whoAsks(caller);
    const key = JSON.stringify([whose, knownBy, page, form]);
    // Why something is not known is told in words about this caller.
    const text =
      found.unknown === undefined ? remembered(this.#texts, key, () => drawn(answer(), form)) : drawn(answer(), form);
    return filledIn(text, asked);
  }
}

const renderings = new WeakMap<Catalogue, Rendering>();

/** The answers that are remembered for a catalogue, as long as it is in use. */
export function renderingOf(catalogue: Catalogue): Rendering {
  let rendering = renderings.get(catalogue);
  if (rendering === undefined) {
    rendering = new Rendering();
    renderings.set(catalogue, rendering);
  }
  return rendering;
}

function remembered<V extends object | string>(cache: LRUCache<string, V>, key: string, make: () => V): V {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

function listings({ usable }: Found, at: AskedAt): Listing[] {
  return usable.map((it) => listingOf(it, { ...at, port: `:${PORT}` }));
}

function drawn(answer: DiscoveryAnswer, form: Asked['form']): string {
  if (form === 'html') return discoveryPage({ ...answer, caller: { ...answer.caller, name: NAME } });
  return `${JSON.stringify({ ...answer, caller: CALLER }, undefined, 1)}\n`;
}

function filledIn(text: string, { caller, at, form }: Asked): string {
  const about = whoAsks(caller);
  // A function, so that nothing in it is read as a pattern.
  const whole = text
    .replaceAll(`:${PORT}`, () => at.port)
    .replaceAll(PORT, () => at.port.slice(1) || (at.scheme === 'https' ? '443' : '80'));
  if (form === 'html') return whole.replaceAll(NAME, () => html`${about.name}`.toString());
  const told = JSON.stringify(about, undefined, 1).replaceAll('\n', '\n ');
  return whole.replace(`"${CALLER}"`, () => told);
}
