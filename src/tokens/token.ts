import { randomBytes } from 'node:crypto';
import { now } from '../cache/clock.ts';
import type { Lifetime } from '../cache/freshness.ts';
import { SecretValue } from '../secrets/secret-value.ts';

/** Something that opens a destination for a while and was got with a secret: an access token, or temporary keys as JSON. */
export class Token extends SecretValue {
  readonly lifetime: Lifetime;
  /** When it was got; monotonic, in ms. */
  readonly mintedAt = now();

  constructor(value: string, lifetime: Lifetime) {
    super(randomBytes(4).toString('hex'), value);
    this.lifetime = lifetime;
  }
}
