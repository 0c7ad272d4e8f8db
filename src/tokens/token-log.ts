import { now } from '../cache/clock.ts';
import { ClockLog } from '../telemetry/clock-log.ts';
import type { Log } from '../telemetry/log.ts';
import { leadOver } from './endpoint-clock.ts';
import type { TokenEvent } from './token-slot.ts';
import type { TokenUse } from './token-use.ts';

/** Counts what happens to tokens, and logs each change of state: never a token. */
export class TokenLog {
  readonly #log: Log;
  readonly #failing = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #clocks: ClockLog;
  readonly #told = new Map<string, { since: number; lines: number; untold: number }>();

  constructor(log: Log) {
    this.#log = log;
    this.#clocks = new ClockLog(log);
  }

  token({ secretId, endpoint, purpose }: TokenUse, event: TokenEvent): void {
    const result = event.kind === 'failed' ? event.error.reason : event.kind;
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
    this.#clocks.tell(endpoint, leadOver(endpoint));
    const what = { secret: secretId, endpoint, purpose };
    const key = JSON.stringify(what);
    switch (event.kind) {
      case 'loaded': {
        this.#failing.delete(key);
        const expiresInSeconds = Math.round(event.value.lifetime.usableFor / 1_000);
        this.#log.info({ ...what, token: event.value.id, expiresInSeconds }, 'token got');
        break;
      }
      case 'failed': {
        const { reason, detail, message } = event.error;
        // A failure that lasts is logged when it begins and when its reason changes.
        if (this.#failing.get(key) === reason) break;
        if (this.#failing.size >= MOST_FAILING) this.#failing.clear();
        this.#failing.set(key, reason);
        const alike = this.#alike(`${secretId} ${endpoint} ${reason}`);
        if (alike === undefined) break;
        this.#log.error(
          { ...what, reason, detail, explanation: message, ...(alike === 0 ? {} : { alike }) },
          'no token can be got',
        );
        break;
      }
      case 'purged':
        this.#log.error({ ...what, reason: event.error.reason }, 'token purged');
        break;
      case 'confirmed':
        break;
    }
  }

  /**
   * How many alike were not told since the last one that was; undefined when this one is not told either. What a token is for can
   * come from a caller's path, so that there may be as many as it likes.
   */
  #alike(kind: string): number | undefined {
    const time = now();
    const before = this.#told.get(kind);
    if (before === undefined || time - before.since > MINUTE) {
      if (this.#told.size >= MOST_FAILING) this.#told.clear();
      this.#told.set(kind, { since: time, lines: 1, untold: 0 });
      return before?.untold ?? 0;
    }
    if (before.lines < LINES_A_MINUTE) {
      before.lines += 1;
      return 0;
    }
    before.untold += 1;
    return undefined;
  }

  /** How many tokens were asked for with which result. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** How many failures are told apart: what a token is for can depend on the request. */
const MOST_FAILING = 1_000;

/** How many failures alike are told one by one, in a minute. */
const LINES_A_MINUTE = 5;
const MINUTE = 60_000;
