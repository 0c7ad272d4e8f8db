import type { Deadline } from '../cache/deadline.ts';
import type { Caller } from '../callers/caller.ts';
import type { Verdict } from '../callers/caller-policy.ts';
import type { InstanceTags } from '../callers/instance-tags.ts';
import type { LookupError } from '../callers/lookup-error.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { Integration } from '../integrations/integration.ts';

/** An integration that a caller may use, and why it may. */
export interface Usable {
  readonly integration: Integration;
  /** The rule that lets it in, as it was written; `anyone` where there are no rules. */
  readonly by: string;
  /** The instance whose EC2 tag it was. */
  readonly instance?: string;
}

/** What a caller may use, by name. */
export interface Found {
  readonly usable: readonly Usable[];
  /** Why it cannot be told of some integrations whether it may; they are not among the usable ones. */
  readonly unknown: LookupError | undefined;
}

/**
 * Asks of each integration what a request for it would be asked too, so that the list and the requests never disagree.
 *
 * @param instances absent: tags come from the configuration alone.
 */
export async function usableBy(
  caller: Caller,
  {
    catalogue,
    instances,
    deadline,
  }: { readonly catalogue: Catalogue; readonly instances: InstanceTags | undefined; readonly deadline: Deadline },
): Promise<Found> {
  const all = await Promise.all(
    [...catalogue].map(async (integration): Promise<{ integration: Integration; verdict: Verdict }> => {
      return { integration, verdict: await integration.callers.decide(caller, deadline, instances) };
    }),
  );
  const usable: Usable[] = [];
  let unknown: LookupError | undefined;
  for (const { integration, verdict } of all) {
    if (verdict.allowed) usable.push({ integration, by: verdict.by, ...instanceOf(verdict) });
    else unknown ??= verdict.unknown;
  }
  usable.sort((a, b) => (a.integration.name < b.integration.name ? -1 : 1));
  return { usable, unknown };
}

function instanceOf({ instance }: Extract<Verdict, { allowed: true }>): { readonly instance?: string } {
  return instance === undefined ? {} : { instance };
}
