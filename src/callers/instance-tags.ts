import type { Deadline } from '../cache/deadline.ts';

/** Who has an address, as far as its tags go. Immutable. */
export interface Owner {
  /** The id of the instance; undefined when no running instance has the address, or more than one. */
  readonly instance: string | undefined;
  readonly tags: ReadonlySet<string>;
}

/** Tells which tags the instance has that owns an address. */
export interface InstanceTags {
  /**
   * The owner, at once when it is known.
   *
   * @param address in the form of `canonicalAddress`.
   * @throws LookupError (or rejects with it) when it cannot be told in time.
   */
  ownerOf(address: string, deadline: Deadline): Owner | Promise<Owner>;
}
