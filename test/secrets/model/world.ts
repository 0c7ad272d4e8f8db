import { SecretError } from '../../../src/secrets/secret-error.ts';
import type { ReadFacts } from '../../../src/secrets/secret-machine.ts';
import type { RotationOptions } from '../../../src/secrets/secret-state.ts';
import type { Stage } from '../../../src/secrets/stage.ts';
import type { Random } from './random.ts';

/** What AWS does when it is read. */
export type Mood = 'well' | 'network' | 'throttled' | 'access_denied' | 'lagging replica';

/** An integration of the model, and the destination behind it. */
export interface ModelUse {
  readonly options: RotationOptions;
  /** The versions that lack what it needs. */
  readonly unfit: ReadonlySet<string>;
}

/** AWS and the destinations, as simple as they can be: labels that move, and versions that are taken or refused. */
export class World {
  now = 1_000_000;
  mood: Mood = 'well';
  readonly labels: Record<Stage, string | undefined> = {
    AWSCURRENT: 'v0',
    AWSPENDING: undefined,
    AWSPREVIOUS: undefined,
  };
  readonly bornAt = new Map<string, number>([['v0', 0]]);
  uses = new Map<string, ModelUse>();
  /** The versions that each destination takes, and since when it is so. */
  readonly taken = new Map<string, { ids: ReadonlySet<string>; since: number }>();
  #versions = 1;

  /** Makes a version and labels it AWSPENDING, as the first step of a rotation does. */
  create(): string {
    const id = `v${this.#versions}`;
    this.#versions += 1;
    this.bornAt.set(id, this.now);
    this.labels.AWSPENDING = id;
    return id;
  }

  /** Moves AWSCURRENT, as the last step of a rotation does. AWS may leave AWSPENDING where it is. */
  promote(id: string, random: Random): void {
    this.labels.AWSPREVIOUS = this.labels.AWSCURRENT;
    this.labels.AWSCURRENT = id;
    if (this.labels.AWSPENDING === id && random.chance(0.5)) this.labels.AWSPENDING = undefined;
  }

  /** Another set of versions is taken by a destination. */
  switch(use: string, ids: Iterable<string>): void {
    this.taken.set(use, { ids: new Set(ids), since: this.now });
  }

  takes(use: string, id: string): boolean {
    return this.taken.get(use)?.ids.has(id) ?? false;
  }

  /** What a read gives. */
  read(stage: Stage, readHosts: boolean): ReadFacts | SecretError {
    if (this.mood !== 'well' && this.mood !== 'lagging replica') return new SecretError('s', this.mood, '');
    const id =
      this.mood === 'lagging replica' && stage === 'AWSCURRENT'
        ? (this.labels.AWSPREVIOUS ?? this.labels.AWSCURRENT)
        : this.labels[stage];
    if (id === undefined) return new SecretError('s', 'secret_not_found', '');
    const bornAt = this.bornAt.get(id) ?? 0;
    const fromReplica = this.mood === 'lagging replica';
    return { id, createdAt: bornAt, bornAt, fromReplica, hosts: ['api.example'], readHosts };
  }
}
