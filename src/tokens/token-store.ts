import { LRUCache } from 'lru-cache';
import { type SlotContext, type SlotStatus, TokenSlot } from './token-slot.ts';
import type { TokenUse } from './token-use.ts';

/** How many purposes have a token at a time; beyond, the one that was not asked for the longest is let go of. */
const MOST_SLOTS = 1_000;

/** The tokens that were got with secrets, each kept fresh for as long as it is asked for. */
export class TokenStore {
  readonly #context: SlotContext;
  readonly #slots = new LRUCache<string, TokenSlot>({ max: MOST_SLOTS, dispose: (slot) => slot.close() });

  constructor(context: SlotContext) {
    this.#context = context;
  }

  /** Where the token that a request needs is held. */
  slot(use: TokenUse): TokenSlot {
    const key = `${use.secretId} ${use.endpoint} ${use.purpose}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new TokenSlot(this.#context);
      this.#slots.set(key, slot);
    }
    return slot;
  }

  /** How each token is doing. */
  status(): SlotStatus[] {
    return [...this.#slots.values()].map((slot) => slot.status()).filter((status) => status !== undefined);
  }

  /** Lets go of the tokens of every secret but these. */
  retain(secretIds: ReadonlySet<string>): void {
    for (const [key, slot] of [...this.#slots]) {
      const status = slot.status();
      if (status !== undefined && !secretIds.has(status.secret)) this.#slots.delete(key);
    }
  }

  /** Lets go of the tokens that were got with a secret. */
  forget(secretId: string): void {
    for (const [key, slot] of [...this.#slots]) if (slot.status()?.secret === secretId) this.#slots.delete(key);
  }

  /** Lets go of all. */
  close(): void {
    this.#slots.clear();
  }
}
