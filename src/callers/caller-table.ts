import type { Caller } from './caller.ts';
import type { DirectRule } from './caller-rule.ts';
import { type ClaimPattern, hasClaim } from './claim.ts';
import { NetworkTable } from './network-table.ts';

/** Rules made ready for many callers, each with a label for what follows from it. Immutable once it is made. */
export class CallerTable<T> {
  readonly #networks = new NetworkTable<T>();
  readonly #ids = new Map<string, T[]>();
  /** By what the pattern begins with, up to and with a slash. */
  readonly #globs = new Map<string, { readonly glob: RegExp; readonly label: T }[]>();
  readonly #lengths = new Set<number>();
  readonly #claims: { readonly claim: ClaimPattern; readonly label: T }[] = [];

  constructor(entries: Iterable<readonly [DirectRule, T]>) {
    for (const [rule, label] of entries) this.#add(rule, label);
  }

  /** Makes one in steps of so many rules. */
  static *building<T>(
    entries: readonly (readonly [DirectRule, T])[],
    aStep: number,
  ): Generator<undefined, CallerTable<T>> {
    const table = new CallerTable<T>([]);
    for (const [index, [rule, label]] of entries.entries()) {
      table.#add(rule, label);
      if (index % aStep === aStep - 1) yield;
    }
    return table;
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

  #add(rule: DirectRule, label: T): void {
    if (rule.kind === 'network') this.#networks.add(rule.network, label);
    else if (rule.kind === 'claim') this.#claims.push({ claim: rule.claim, label });
    else {
      const { literal, glob } = rule.pattern;
      if (glob === undefined) add(this.#ids, literal, label);
      else {
        add(this.#globs, literal, { glob, label });
        this.#lengths.add(literal.length);
      }
    }
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
