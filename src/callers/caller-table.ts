import type { Caller } from './caller.ts';
import type { DirectRule } from './caller-rule.ts';
import { type ClaimPattern, hasClaim } from './claim.ts';
import { NetworkTable } from './network-table.ts';
import type { SpiffePattern } from './spiffe.ts';

/** Rules made ready for many callers, each with a label for what follows from it. Immutable. */
export class CallerTable<T> {
  readonly #networks: NetworkTable<T>;
  readonly #ids = new Map<string, T[]>();
  readonly #globs: { readonly pattern: SpiffePattern; readonly label: T }[] = [];
  readonly #claims: { readonly claim: ClaimPattern; readonly label: T }[] = [];

  constructor(entries: Iterable<readonly [DirectRule, T]>) {
    const all = [...entries];
    this.#networks = new NetworkTable(
      all.flatMap(([rule, label]) => (rule.kind === 'network' ? [[rule.network, label] as const] : [])),
    );
    for (const [rule, label] of all) {
      if (rule.kind === 'claim') this.#claims.push({ claim: rule.claim, label });
      if (rule.kind !== 'spiffe') continue;
      const { pattern } = rule;
      if (pattern.glob === undefined)
        this.#ids.set(pattern.literal, [...(this.#ids.get(pattern.literal) ?? []), label]);
      else this.#globs.push({ pattern, label });
    }
  }

  /** The first accepted label of a rule that the caller fulfils: by its certificate, then its address, then its token. */
  find({ uriSan, address, claims }: Caller, accept: (label: T) => boolean): T | undefined {
    return (
      (uriSan === undefined ? undefined : this.#ofCertificate(uriSan, accept)) ??
      (address === undefined ? undefined : this.#networks.find(address, accept)) ??
      (claims === undefined
        ? undefined
        : this.#claims.find(({ claim, label }) => accept(label) && hasClaim(claims, claim))?.label)
    );
  }

  #ofCertificate(id: string, accept: (label: T) => boolean): T | undefined {
    return (
      this.#ids.get(id)?.find(accept) ??
      this.#globs.find(
        ({ pattern, label }) => id.startsWith(pattern.literal) && accept(label) && pattern.glob?.test(id) === true,
      )?.label
    );
  }
}
