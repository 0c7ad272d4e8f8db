import type { Log } from '../telemetry/log.ts';
import type { RotationEvent } from './rotation.ts';
import type { SecretEvent } from './secret.ts';
import type { SecretError } from './secret-error.ts';

/** Counts what happens to secrets, and logs each change of state: never a value, its length or its hash. */
export class SecretLog {
  readonly #log: Log;
  readonly #failing = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  secret(secret: string, event: SecretEvent): void {
    const result = event.kind === 'failed' ? event.error.reason : event.kind;
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
    switch (event.kind) {
      case 'failed':
        this.#failed(secret, event.error);
        break;
      case 'purged':
        this.#log.error({ secret, reason: event.error.reason }, 'secret purged');
        break;
      case 'loaded':
        this.#loaded(secret, event.value.shortId, event.previous?.shortId);
        break;
      case 'confirmed':
        if (this.#failing.delete(secret)) this.#log.info({ secret }, 'secret can be read again');
        break;
    }
  }

  rotation({ kind, ...details }: RotationEvent): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (kind === 'learnt') this.#log.info(details, 'another version is used: the destination takes it');
    else this.#log.error(details, 'the new version lacks what the integration needs: the one before stays in use');
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
