import type { Caller } from './caller.ts';
import type { DirectRule } from './caller-rule.ts';
import { type ClaimPattern, hasClaim } from './claim.ts';
import { NetworkTable } from './network-table.ts';

/** Rules made ready for many callers, each with a label for what follows from it. Immutable. */
export class CallerTable<T> {
  readonly #networks: NetworkTable<T>;
  readonly #ids = new Map<string, T[]>();
  /** By what the pattern begins with, up to and with a slash. */
  readonly #globs = new Map<string, { readonly glob: RegExp; readonly label: T }[]>();
  readonly #lengths: ReadonlySet<number>;
  readonly #claims: { readonly claim: ClaimPattern; readonly label: T }[] = [];

  constructor(entries: Iterable<readonly [DirectRule, T]>) {
    const all = [...entries];
    this.#networks = new NetworkTable(
      all.flatMap(([rule, label]) => (rule.kind === 'network' ? [[rule.network, label] as const] : [])),
    );
    for (const [rule, label] of all) {
      if (rule.kind === 'claim') this.#claims.push({ claim: rule.claim, label });
      if (rule.kind !== 'spiffe') continue;
      const { literal, glob } = rule.pattern;
      if (glob === undefined) add(this.#ids, literal, label);
      else add(this.#globs, literal, { glob, label });
    }
    this.#lengths = new Set([...this.#globs.keys()].map(({ length }) => length));
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
    const exact = this.#ids.get(id)?.find(accept);
    if (exact !== undefined || this.#globs.size === 0) return exact;
    for (let at = id.lastIndexOf('/'); at > SCHEME_END; at = id.lastIndexOf('/', at - 1)) {
      if (!this.#lengths.has(at + 1)) continue;
      const found = this.#globs.get(id.slice(0, at + 1))?.find(({ glob, label }) => accept(label) && glob.test(id));
      if (found !== undefined) return found.label;
    }
    return undefined;
  }
}

/** Where the last slash of `spiffe://` stands. */
const SCHEME_END = 8;

function add<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
