import type { Deadline } from '../cache/deadline.ts';
import type { Caller } from './caller.ts';
import type { CallerRule, DirectRule } from './caller-rule.ts';
import { CallerTable } from './caller-table.ts';
import type { InstanceTags, Owner } from './instance-tags.ts';
import { LookupError } from './lookup-error.ts';

/** Whether a caller may, and how it is known. Frozen. */
export type Verdict =
  | {
      readonly allowed: true;
      /** The rule that lets it in, as it was written; `anyone` where there are no rules. */
      readonly by: string;
      /** The instance whose EC2 tag it was. */
      readonly instance?: string;
    }
  | {
      readonly allowed: false;
      /** Why it cannot be told yet who the caller is. Absent: it is known well enough, and it may not. */
      readonly unknown?: LookupError;
    };

/** The callers behind each tag that the configuration defines. */
export type TagTable = CallerTable<string>;

/** Who may use an integration. */
export interface Callers {
  /** The rules as they were written; none where everybody may. */
  readonly rules: readonly string[];
  /**
   * Decides in the same turn, unless the caller's address must be looked up first. Instances are asked for only when nothing else
   * lets the caller in.
   *
   * @param deadline until when a look-up may be waited for.
   * @param instances absent: tags come from the configuration alone.
   */
  decide(caller: Caller, deadline: Deadline, instances?: InstanceTags): Verdict | Promise<Verdict>;
}

/** Of how many callers a policy remembers what it says. */
const MOST_KNOWN = 128;

const BY_ANYONE: Verdict = Object.freeze({ allowed: true, by: 'anyone' });
const NOBODY: Verdict = Object.freeze({ allowed: false });

/** For an integration that does not say: whoever can reach its route. */
export const ANYONE: Callers = Object.freeze({ rules: Object.freeze([]), decide: () => BY_ANYONE });

/** A list of rules, one of which a caller must fulfil. Immutable. */
export class CallerPolicy implements Callers {
  readonly rules: readonly string[];
  readonly #direct: CallerTable<Verdict>;
  readonly #tags: TagTable;
  readonly #byTag: ReadonlyMap<string, Verdict>;
  readonly #isTag: (tag: string) => boolean;
  /** What the rules and the tags of the configuration say of callers without claims, who never change. */
  readonly #known = new Map<Caller, Verdict>();

  /** @param tags those of the configuration. */
  constructor(rules: readonly CallerRule[], tags: TagTable) {
    const byTag = new Map<string, Verdict>();
    const direct: [DirectRule, Verdict][] = [];
    for (const rule of rules) {
      const verdict = Object.freeze({ allowed: true, by: rule.text });
      if (rule.kind === 'tag') byTag.set(rule.tag, verdict);
      else direct.push([rule, verdict]);
    }
    this.rules = Object.freeze(rules.map(({ text }) => text));
    this.#direct = new CallerTable(direct);
    this.#tags = tags;
    this.#byTag = byTag;
    this.#isTag = (tag) => byTag.has(tag);
    Object.freeze(this);
  }

  decide(caller: Caller, deadline: Deadline, instances?: InstanceTags): Verdict | Promise<Verdict> {
    const verdict = this.#known.get(caller) ?? this.#find(caller);
    if (verdict !== NOBODY || this.#byTag.size === 0) return verdict;
    if (instances === undefined || caller.address === undefined) return NOBODY;
    try {
      const owner = instances.ownerOf(caller.address, deadline);
      if (owner instanceof Promise) return owner.then((it) => this.#ofInstance(it), unknown);
      return this.#ofInstance(owner);
    } catch (error) {
      return unknown(error);
    }
  }

  /** By the configuration alone. */
  #find(caller: Caller): Verdict {
    const tag = () => (this.#byTag.size === 0 ? undefined : this.#tags.find(caller, this.#isTag));
    const verdict = this.#direct.find(caller, always) ?? this.#byTag.get(tag() ?? '') ?? NOBODY;
    if (caller.claims === undefined) {
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(caller, verdict);
    }
    return verdict;
  }

  #ofInstance({ instance, tags }: Owner): Verdict {
    for (const [tag, verdict] of this.#byTag) {
      if (tags.has(tag)) return Object.freeze(instance === undefined ? verdict : { ...verdict, instance });
    }
    return NOBODY;
  }
}

function always(): boolean {
  return true;
}

function unknown(error: unknown): Verdict {
  if (error instanceof LookupError) return Object.freeze({ allowed: false, unknown: error });
  throw error;
}
