import type { SecretVersion } from './secret-version.ts';

/** Puts a new value in the place of a secret's current one, by one writer at a time over all processes. */
export interface WriteBack {
  /**
   * Runs `renew` while no other process renews the same secret, and stores what it gives.
   *
   * @param from the version that is about to be replaced.
   * @param renew gets the new value; undefined when there is nothing to store. It is called once at most, and only when its value
   *   can be stored afterwards. `inherited`: whoever was about to renew the same version has ended without a word, and may have
   *   used it up.
   * @returns the version that is current now: the stored one, or the one that another process has put there meanwhile. Unless it
   *   is `from`, the caller is its owner.
   * @throws SecretError when it could not be found out or stored; once `renew` has given a value, storing it is tried until it
   *   succeeds, unless the secret itself is gone for good.
   */
  replace(
    secretId: string,
    from: SecretVersion,
    renew: (inherited: boolean) => Promise<string | undefined>,
  ): Promise<SecretVersion>;
}
