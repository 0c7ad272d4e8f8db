import type { Log } from './log.ts';

/** A refusal, as far as the log tells of it. */
export interface Denial {
  readonly code: string;
  readonly message: string;
  readonly integration?: string;
  readonly reason?: string;
  /** Who was refused. */
  readonly caller?: string;
}

/** How often, in ms, one kind of refusal is logged. */
const EVERY = 10_000;

/** How many kinds are told apart in that time, which bounds the memory and the lines. Callers can make up kinds at will. */
export const MOST_KINDS = 200;

/**
 * Logs refusals. The first one of an integration, reason and caller is logged at once; those alike within ten seconds are
 * counted, and told as one line at the end of that time. Each refusal is in exactly one line.
 */
export class DenialLog {
  readonly #log: Log;
  readonly #kinds = new Map<string, { readonly first: Denial; more: number }>();
  #others = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  denied(denial: Denial): void {
    const { code, integration, reason, caller } = denial;
    const key = `${integration ?? ''} ${code} ${reason ?? ''} ${caller ?? ''}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.more += 1;
      return;
    }
    this.#timer ??= setTimeout(() => this.#tell(), EVERY).unref();
    if (this.#kinds.size >= MOST_KINDS) {
      this.#others += 1;
      return;
    }
    this.#kinds.set(key, { first: denial, more: 0 });
    this.#log.warn(fields(denial), 'request denied');
  }

  /** Tells what was only counted so far. */
  close(): void {
    clearTimeout(this.#timer);
    this.#tell();
  }

  #tell(): void {
    this.#timer = undefined;
    for (const { first, more } of this.#kinds.values()) {
      if (more > 0) this.#log.warn({ ...fields(first), count: more }, 'more requests denied, all alike');
    }
    if (this.#others > 0)
      this.#log.warn({ count: this.#others }, 'more requests denied, of too many kinds to tell apart');
    this.#kinds.clear();
    this.#others = 0;
  }
}

function fields({ integration, code, reason, caller, message }: Denial): object {
  return { integration, code, reason, caller, explanation: message };
}
