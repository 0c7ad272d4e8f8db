import type { Tag } from '@aws-sdk/client-secrets-manager';

/** The key of the tag by which the owner of a secret says where it may go. */
export const HOSTS_TAG = 'attache:hosts';

/**
 * The hosts in the tag `attache:hosts` of a secret: separated by blanks, for example `api.stripe.com files.stripe.com:8443`.
 *
 * @returns undefined when the secret has no such tag, and so may go wherever a route sends it; empty when it may go nowhere.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html
 */
export function hostsOf(tags: readonly Tag[] = []): readonly string[] | undefined {
  const tag = tags.find(({ Key: key }) => key === HOSTS_TAG);
  return (
    tag &&
    Object.freeze(
      (tag.Value ?? '')
        .toLowerCase()
        .split(/\s+/)
        .filter((host) => host !== ''),
    )
  );
}
