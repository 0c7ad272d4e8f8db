import type { Log } from '../telemetry/log.ts';
import type { TokenEvent } from './token-slot.ts';
import type { TokenUse } from './token-use.ts';

/** Counts what happens to tokens, and logs each change of state: never a token. */
export class TokenLog {
  readonly #log: Log;
  readonly #failing = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  token({ secretId, endpoint, purpose }: TokenUse, event: TokenEvent): void {
    const result = event.kind === 'failed' ? event.error.reason : event.kind;
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
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
        this.#log.error({ ...what, reason, detail, explanation: message }, 'no token can be got');
        break;
      }
      case 'purged':
        this.#log.error({ ...what, reason: event.error.reason }, 'token purged');
        break;
      case 'confirmed':
        break;
    }
  }

  /** How many tokens were asked for with which result. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** How many failures are told apart: what a token is for can depend on the request. */
const MOST_FAILING = 1_000;
