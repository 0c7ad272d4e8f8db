import type { Deadline } from '../cache/deadline.ts';
import type { Caller } from '../callers/caller.ts';
import { ANYONE, type Callers, type Verdict } from '../callers/caller-policy.ts';
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
  /** The same for all who may use the same integrations of this catalogue, by the same rules. */
  readonly key: string;
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
  const verdicts = await Promise.all(
    policiesOf(catalogue).map(async ({ callers, integrations }) => {
      const verdict: Verdict = await callers.decide(caller, deadline, instances);
      return { integrations, verdict };
    }),
  );
  const usable: Usable[] = [];
  let unknown: LookupError | undefined;
  for (const { integrations, verdict } of verdicts) {
    if (!verdict.allowed) unknown ??= verdict.unknown;
    else for (const integration of integrations) usable.push({ integration, by: verdict.by, ...instanceOf(verdict) });
  }
  usable.sort((a, b) => (a.integration.name < b.integration.name ? -1 : 1));
  const key = JSON.stringify(verdicts.map(({ verdict }) => verdict.allowed && [verdict.by, verdict.instance]));
  return { usable, unknown, key };
}

/** Integrations with the same rules: what is decided for one of them holds for all. */
interface Policy {
  readonly callers: Callers;
  readonly integrations: Integration[];
}

const policies = new WeakMap<Catalogue, readonly Policy[]>();

function policiesOf(catalogue: Catalogue): readonly Policy[] {
  let known = policies.get(catalogue);
  if (known === undefined) {
    const byRules = Map.groupBy(catalogue, ({ callers }) => JSON.stringify([callers === ANYONE, callers.rules]));
    known = [...byRules.values()].map((integrations) => ({
      callers: integrations[0]?.callers ?? ANYONE,
      integrations,
    }));
    policies.set(catalogue, known);
  }
  return known;
}

function instanceOf({ instance }: Extract<Verdict, { allowed: true }>): { readonly instance?: string } {
  return instance === undefined ? {} : { instance };
}
