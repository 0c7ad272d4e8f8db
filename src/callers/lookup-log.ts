import type { Log } from '../telemetry/log.ts';
import type { LookupEvent } from './ec2-tags.ts';

/** Logs what changes about callers whose tags are read from EC2. A failure that lasts is logged when it begins and when it ends. */
export class LookupLog {
  readonly #log: Log;
  #failing: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  lookup(event: LookupEvent): void {
    switch (event.kind) {
      case 'failed':
        this.#failed(event);
        break;
      case 'purged':
        this.#log.warn(
          { address: event.address, reason: event.error.reason },
          'tags of a caller are not used any more',
        );
        break;
      case 'found':
        this.#works();
        this.#found(event);
        break;
      case 'confirmed':
        this.#works();
        break;
    }
  }

  #failed({ address, error: { reason, detail, message } }: LookupEvent & { kind: 'failed' }): void {
    if (this.#failing === reason) return;
    this.#failing = reason;
    this.#log.error({ address, reason, detail, explanation: message }, 'EC2 cannot be asked for the tags of callers');
  }

  #works(): void {
    if (this.#failing !== undefined) this.#log.info('EC2 can be asked for the tags of callers again');
    this.#failing = undefined;
  }

  #found({ address, owner: { instance, tags, rivals } }: LookupEvent & { kind: 'found' }): void {
    if (rivals.length === 0) {
      this.#log.debug({ address, instance, tags: [...tags] }, 'tags of a caller');
      return;
    }
    this.#log.warn(
      { address, instances: rivals },
      'several instances have this address, so it has no tags: name their VPC in tags_from_ec2',
    );
  }
}
