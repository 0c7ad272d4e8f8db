/** How long the first one waits for others, in ms. */
const GATHER_FOR = 5;

interface Wish<V> {
  readonly key: string;
  readonly urgent: boolean;
  readonly resolve: (value: V) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what is asked for one by one within a few milliseconds, and asks for it together. */
export class Batch<V> {
  readonly #most: number;
  readonly #ask: (keys: readonly string[], urgent: boolean) => Promise<(key: string) => V>;
  #wishes: Wish<V>[] = [];

  /**
   * @param most how many keys are asked for at once.
   * @param ask returns what tells the value of each of the keys. `urgent`: whether one of them is.
   */
  constructor(most: number, ask: (keys: readonly string[], urgent: boolean) => Promise<(key: string) => V>) {
    this.#most = most;
    this.#ask = ask;
  }

  /** The value of a key; rejects as the question did in which it was. */
  get(key: string, urgent: boolean): Promise<V> {
    return new Promise((resolve, reject) => {
      if (this.#wishes.length === 0) setTimeout(() => this.#flush(), GATHER_FOR).unref();
      this.#wishes.push({ key, urgent, resolve, reject });
    });
  }

  #flush(): void {
    // Those that a request waits for share a question with each other, so that it goes first.
    const wishes = this.#wishes.sort((a, b) => Number(b.urgent) - Number(a.urgent));
    this.#wishes = [];
    for (let at = 0; at < wishes.length; at += this.#most) void this.#settle(wishes.slice(at, at + this.#most));
  }

  async #settle(wishes: readonly Wish<V>[]): Promise<void> {
    try {
      const value = await this.#ask(
        [...new Set(wishes.map(({ key }) => key))],
        wishes.some(({ urgent }) => urgent),
      );
      for (const { key, resolve } of wishes) resolve(value(key));
    } catch (error) {
      for (const { reject } of wishes) reject(error);
    }
  }
}
