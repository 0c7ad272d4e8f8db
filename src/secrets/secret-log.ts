import { leadOverAws } from '../aws/aws-clock.ts';
import { ClockLog } from '../telemetry/clock-log.ts';
import type { Log } from '../telemetry/log.ts';
import type { SecretError } from './secret-error.ts';
import type { SecretNews } from './secret-machine.ts';
import { shortVersionId } from './secret-version.ts';

/** Counts what happens to secrets, and logs each change of state: never a value, its length or its hash. */
export class SecretLog {
  readonly #log: Log;
  readonly #clocks: ClockLog;
  readonly #failing = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
    this.#clocks = new ClockLog(log);
  }

  tell(secret: string, news: SecretNews): void {
    this.#clocks.tell('AWS', leadOverAws());
    const result = news.kind === 'failed' ? news.error.reason : news.kind;
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
    switch (news.kind) {
      case 'failed':
        this.#failed(secret, news.error);
        break;
      case 'purged':
        this.#log.error({ secret, reason: news.error.reason }, 'secret purged');
        break;
      case 'loaded':
        this.#loaded(secret, shortVersionId(news.id), news.previous && shortVersionId(news.previous));
        break;
      case 'confirmed':
        if (this.#failing.delete(secret)) this.#log.info({ secret }, 'secret can be read again');
        break;
      case 'learnt':
        this.#log.info(
          { integration: news.use, secret, version: shortVersionId(news.id) },
          'another version is used: the destination takes it',
        );
        break;
      case 'kept':
        this.#log.error(
          { integration: news.use, secret, version: shortVersionId(news.id) },
          'the new version lacks what the integration needs: the one before stays in use',
        );
    }
  }

  /** How many checks of secrets had which result. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  #loaded(secret: string, version: string, previous: string | undefined): void {
    this.#failing.delete(secret);
    if (previous === undefined) this.#log.info({ secret, version }, 'secret loaded');
    else this.#log.info({ secret, version, previous }, 'secret rotated');
  }

  /** A failure that lasts is logged when it begins and when its reason changes. */
  #failed(secret: string, { reason, detail, message }: SecretError): void {
    if (this.#failing.get(secret) === reason) return;
    this.#failing.set(secret, reason);
    this.#log.error({ secret, reason, detail, explanation: message }, 'secret cannot be read');
  }
}
