import type { SecretVersion } from './secret-version.ts';

/** The one owner of the values of a secret's versions. */
export class VersionTable {
  readonly #versions = new Map<string, SecretVersion>();
  readonly #wiped: () => void;

  /** @param wiped told whenever a value has been overwritten. */
  constructor(wiped: () => void) {
    this.#wiped = wiped;
  }

  /** Takes a version over that was read. Of one that is held already, the value that came with this read is overwritten. */
  adopt(version: SecretVersion): void {
    const held = this.#versions.get(version.id);
    if (held === version) return;
    if (held !== undefined) {
      version.discard();
      return;
    }
    version.hold();
    version.attach(this.#wiped);
    this.#versions.set(version.id, version);
  }

  get(id: string): SecretVersion | undefined {
    return this.#versions.get(id);
  }

  /** Lets go of a version: it is overwritten when its last use ends. */
  drop(id: string): void {
    this.#versions.get(id)?.release();
    this.#versions.delete(id);
  }

  /** Lets go of all. */
  clear(): void {
    for (const id of [...this.#versions.keys()]) this.drop(id);
  }
}
