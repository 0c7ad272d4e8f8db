import { LRUCache } from 'lru-cache';
import { type SlotContext, type SlotStatus, TokenSlot } from './token-slot.ts';
import type { TokenUse } from './token-use.ts';

/** How many purposes have a token at a time; beyond, the one that was not asked for the longest is let go of. */
const MOST_SLOTS = 1_000;

/** How many purposes that never had a token are remembered. */
const MOST_EMPTY = 1_000;

/** The tokens that were got with secrets, each kept fresh for as long as it is asked for. */
export class TokenStore {
  readonly #context: SlotContext;
  readonly #slots = new LRUCache<string, TokenSlot>({ max: MOST_SLOTS, dispose: (slot) => slot.close() });
  /** Those that never had a token, apart: what callers make up in their paths takes no place of a token that is in use. */
  readonly #empty = new LRUCache<string, TokenSlot>({
    max: MOST_EMPTY,
    dispose: (slot, key) => {
      if (this.#slots.peek(key) !== slot) slot.close();
    },
  });

  constructor(context: SlotContext) {
    this.#context = {
      ...context,
      notify: (use, event) => {
        if (event.kind === 'loaded') this.#filled(keyOf(use));
        context.notify(use, event);
      },
    };
  }

  /** Where the token that a request needs is held. */
  slot(use: TokenUse): TokenSlot {
    const key = keyOf(use);
    let slot = this.#slots.get(key) ?? this.#empty.get(key);
    if (slot === undefined) {
      slot = new TokenSlot(this.#context);
      this.#empty.set(key, slot);
    }
    return slot;
  }

  /** How each token is doing. */
  status(): SlotStatus[] {
    return this.#all()
      .map(([, slot]) => slot.status())
      .filter((status) => status !== undefined);
  }

  /** Lets go of the tokens of every secret but these. */
  retain(secretIds: ReadonlySet<string>): void {
    for (const [key, slot] of this.#all()) {
      const status = slot.status();
      if (status !== undefined && !secretIds.has(status.secret)) this.#drop(key);
    }
  }

  /** Lets go of the tokens that were got with a secret. */
  forget(secretId: string): void {
    for (const [key, slot] of this.#all()) if (slot.status()?.secret === secretId) this.#drop(key);
  }

  /** Lets go of all. */
  close(): void {
    this.#slots.clear();
    this.#empty.clear();
  }

  #all(): [key: string, slot: TokenSlot][] {
    return [...this.#slots, ...this.#empty];
  }

  #drop(key: string): void {
    this.#slots.delete(key);
    this.#empty.delete(key);
  }

  #filled(key: string): void {
    const slot = this.#empty.peek(key);
    if (slot === undefined) return;
    this.#slots.set(key, slot);
    this.#empty.delete(key);
  }
}

function keyOf({ secretId, endpoint, purpose }: TokenUse): string {
  return `${secretId} ${endpoint} ${purpose}`;
}
