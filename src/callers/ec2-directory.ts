import { isDeepStrictEqual } from 'node:util';
import type { Freshness } from '../cache/freshness.ts';
import type { Log } from '../telemetry/log.ts';
import { Ec2 } from './ec2-api.ts';
import type { Ec2Options } from './ec2-options.ts';
import { Ec2Tags } from './ec2-tags.ts';
import type { InstanceTags } from './instance-tags.ts';
import { LookupLog } from './lookup-log.ts';

/** The tags of instances, for as long as the configuration asks for them. */
export class Ec2Directory {
  readonly #freshness: Pick<Freshness, 'maxStale'>;
  readonly #log: Log;
  #current: { readonly options: Ec2Options; readonly tags: Ec2Tags; readonly ec2: Ec2 } | undefined;

  constructor(freshness: Pick<Freshness, 'maxStale'>, log: Log) {
    this.#freshness = freshness;
    this.#log = log;
  }

  /** What `CallerPolicy.decide` asks. Undefined while it is switched off. */
  get tags(): InstanceTags | undefined {
    return this.#current?.tags;
  }

  /** Does as a configuration says from now on. What is known is kept if it says the same as before. */
  follow(options: Ec2Options | undefined): void {
    if (isDeepStrictEqual(options, this.#current?.options)) return;
    this.close();
    if (options === undefined) return;
    const ec2 = new Ec2(options);
    const log = new LookupLog(this.#log);
    const tags = new Ec2Tags(ec2, options.tag, this.#freshness, (event) => log.lookup(event));
    this.#current = { options, tags, ec2 };
  }

  /** Forgets everything and gives up calls under way. */
  close(): void {
    this.#current?.tags.close();
    this.#current?.ec2.close();
    this.#current = undefined;
  }
}
