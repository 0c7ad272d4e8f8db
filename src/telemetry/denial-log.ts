import type { Log } from './log.ts';

/** A refusal, as far as the log tells of it. */
export interface Denial {
  readonly code: string;
  readonly message: string;
  readonly integration?: string;
  readonly reason?: string;
  /** Who was refused, where that matters. */
  readonly caller?: string;
}

/** How often, in ms, one kind of refusal is logged. */
const EVERY = 10_000;

/** How many kinds are told apart at a time. */
const MOST_KINDS = 1_000;

/** Logs refusals: of each integration, reason and caller at most one line in ten seconds, with the number of those left out. */
export class DenialLog {
  readonly #log: Log;
  readonly #kinds = new Map<string, { loggedAt: number; leftOut: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  denied({ code, integration, reason, caller, message }: Denial): void {
    const now = performance.now();
    const key = `${integration ?? ''} ${code} ${reason ?? ''} ${caller ?? ''}`;
    const known = this.#kinds.get(key);
    if (known !== undefined && now - known.loggedAt < EVERY) {
      known.leftOut += 1;
      return;
    }
    if (known === undefined && this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.set(key, { loggedAt: now, leftOut: 0 });
    this.#log.warn(
      { integration, code, reason, caller, alike: known?.leftOut ?? 0, explanation: message },
      'request denied',
    );
  }
}
