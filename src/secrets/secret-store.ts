import { Cell, type CellEvent, type CellState, type Freshness } from './cell.ts';
import type { FailureReason } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';
import type { SecretSource } from './secrets-manager.ts';

/** How many secrets one process holds: with AWS's limit of 64 KiB a value, 62.5 MiB of values at most. */
export const MOST_SECRETS = 1_000;

/** A secret's own name for the value that it holds. */
export type SecretEvent = CellEvent<SecretVersion>;

/** A secret as the status page shows it: nothing of its value. */
export interface SecretStatus {
  /** Name or ARN. */
  readonly secret: string;
  readonly state: CellState;
  /** First 8 characters of the VersionId in use. */
  readonly version?: string;
  /** Seconds since the last successful check began. */
  readonly checkedSecondsAgo?: number;
  /** Why the last check failed. */
  readonly failure?: FailureReason;
}

/**
 * The secrets that the catalogue names, each in a cell of its own, read ahead and kept fresh for as long as it is named.
 */
export class SecretStore {
  readonly #source: SecretSource;
  readonly #freshness: Freshness;
  readonly #observe: (secretId: string, event: SecretEvent) => void;
  readonly #cells = new Map<string, Cell<SecretVersion>>();

  constructor(source: SecretSource, freshness: Freshness, observe: (secretId: string, event: SecretEvent) => void) {
    this.#source = source;
    this.#freshness = freshness;
    this.#observe = observe;
  }

  /**
   * Holds these secrets and no others: new ones are read at once, those no longer named are let go of.
   *
   * @returns settles when each new secret was read or has failed.
   * @throws RangeError for more than {@link MOST_SECRETS}.
   */
  async hold(secretIds: ReadonlySet<string>): Promise<void> {
    if (secretIds.size > MOST_SECRETS)
      throw new RangeError(`${secretIds.size} secrets: one Attaché holds at most ${MOST_SECRETS}`);
    for (const [id, cell] of this.#cells) {
      if (secretIds.has(id)) continue;
      this.#cells.delete(id);
      cell.peek()?.wipe();
      cell.close();
    }
    const added = [...secretIds].filter((id) => !this.#cells.has(id));
    for (const id of added) this.#cells.set(id, this.#cell(id));
    await Promise.all(added.map((id) => this.#cells.get(id)?.refresh()));
  }

  /**
   * The cell of a secret that is held.
   *
   * @throws RangeError for one that is not: the catalogue and the store have parted.
   */
  cell(secretId: string): Cell<SecretVersion> {
    const cell = this.#cells.get(secretId);
    if (cell === undefined) throw new RangeError(`secret ${secretId} is not held`);
    return cell;
  }

  /** How each secret is doing. */
  status(): SecretStatus[] {
    return [...this.#cells].map(([secret, cell]) => {
      const version = cell.peek();
      return {
        secret,
        state: cell.state,
        ...(version === undefined ? {} : { version: version.shortId }),
        ...(cell.age === Number.POSITIVE_INFINITY ? {} : { checkedSecondsAgo: Math.round(cell.age / 1_000) }),
        ...(cell.failure === undefined ? {} : { failure: cell.failure.reason }),
      };
    });
  }

  /** Lets go of all. */
  close(): void {
    void this.hold(new Set());
  }

  #cell(id: string): Cell<SecretVersion> {
    return new Cell<SecretVersion>(
      {
        name: id,
        load: (urgent) => this.#source.fetch(id, urgent),
        same: (a, b) => a.id === b.id,
        notify: (event) => this.#observe(id, event),
      },
      this.#freshness,
    );
  }
}
