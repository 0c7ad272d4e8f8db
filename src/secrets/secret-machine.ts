import { renewed, take, waitOf } from '../cache/check-budget.ts';
import { type RefreshEvent, refreshed } from '../cache/refresh.ts';
import { isBetter, isWatching, refused, refusedToo, tried, UNSEEN, used } from './acceptance.ts';
import type { SecretError } from './secret-error.ts';
import {
  confirmAt,
  currentOf,
  defaultOf,
  isYoung,
  labelOf,
  needed,
  previousOf,
  previousUntil,
  type RotationOptions,
  type SecretRules,
  type SecretState,
  type UseState,
  type VersionFacts,
} from './secret-state.ts';
import type { Stage, StagedLabel } from './stage.ts';

/** For how long what was learnt holds, in ms, unless the secret changes before; and for how long what was disproved does. */
const LEARNT_FOR = 10 * 60_000;

/** How long after refusals became general they are news once more, in ms: the first time, and at most. */
const FIRST_NEWS = 60_000;
const RAREST_NEWS = 3_600_000;

/** After how many ms a version that was announced is looked for again. */
const LOOK_AGAIN_AFTER = [200, 500, 1_000, 2_000, 5_000, 10_000, 10_000];

/** Reading found no version with a label: no failure, just the answer. */
const NONE: readonly string[] = ['secret_not_found', 'unusable_value', 'bad_request'];

/** A version that was read: what is known of it besides its value. */
export interface ReadFacts extends Omit<VersionFacts, 'checkedAt'> {
  readonly fromReplica: boolean;
  /** Where its owner lets it go; undefined when the owner does not say. */
  readonly hosts: readonly string[] | undefined;
  /** Whether the owner was asked. */
  readonly readHosts: boolean;
}

/** What happens to a secret. */
export type SecretEvent =
  /** These integrations use it from now on, and no others. */
  | { readonly kind: 'configured'; readonly uses: ReadonlyMap<string, RotationOptions>; readonly readsHosts: boolean }
  /** A request finds no usable current version, or a stale one. */
  | { readonly kind: 'asked' }
  /** A refused request wants what was read no earlier than `since`, as far as the budget allows. */
  | { readonly kind: 'look'; readonly stage: Stage; readonly since: number }
  | { readonly kind: 'read'; readonly stage: Stage; readonly version: ReadFacts }
  | { readonly kind: 'failed'; readonly stage: Stage; readonly error: SecretError }
  /** A request goes out with the default version. */
  | { readonly kind: 'used'; readonly use: string }
  /** Requests go out with the default version of which nothing is told: what was seen before says nothing of them. */
  | { readonly kind: 'unheard'; readonly use: string }
  /** A request comes back; the last one of these versions was refused just now. */
  | { readonly kind: 'refused'; readonly use: string; readonly tried: readonly string[] }
  /** A refused request goes out again with this version. */
  | { readonly kind: 'sent'; readonly use: string; readonly id: string; readonly attempt: number }
  /** Nothing is left to try for a refused request. */
  | { readonly kind: 'exhausted'; readonly use: string }
  /** A version is said to be current. */
  | { readonly kind: 'announced'; readonly id: string }
  | { readonly kind: 'woken' };

/** What is told of a secret. */
export type SecretNews =
  | { readonly kind: 'loaded'; readonly id: string; readonly previous: string | undefined }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'failed'; readonly error: SecretError }
  | { readonly kind: 'purged'; readonly error: SecretError }
  /** `learnt`: another version is used from now on. `kept`: a new version is unusable, so the one before stays in use. */
  | { readonly kind: 'learnt' | 'kept'; readonly use: string; readonly id: string };

/** What follows for the world. */
export type SecretEffect =
  | { readonly do: 'read'; readonly stage: Stage; readonly urgent: boolean }
  /** No use of this version is left. */
  | { readonly do: 'wipe'; readonly id: string }
  | { readonly do: 'tell'; readonly news: SecretNews };

/** The effects, gathered while an event is worked through. */
type Effects = SecretEffect[];

/**
 * What becomes of a secret, and what follows for the world: a pure function, which reads no clock, no random number and nothing
 * else. {@link nextWake} says when time alone changes something next.
 */
export function step(
  before: SecretState,
  event: SecretEvent,
  now: number,
  rules: SecretRules,
): readonly [SecretState, readonly SecretEffect[]] {
  const effects: Effects = [];
  const state = expired(happened(before, event, now, rules, effects), now, rules);
  const kept = needed(state, now, rules);
  const gone = [...state.versions.keys()].filter((id) => !kept.has(id));
  if (gone.length === 0) return [state, effects];
  const versions = new Map(state.versions);
  for (const id of gone) {
    versions.delete(id);
    effects.push({ do: 'wipe', id });
  }
  return [{ ...state, versions }, effects];
}

function happened(
  state: SecretState,
  event: SecretEvent,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  switch (event.kind) {
    case 'configured':
      return configured(state, event.uses, event.readsHosts, now, rules, effects);
    case 'asked':
      return current(state, state.hosts === 'unknown' ? unlessFailed(state, now) : event, now, rules, effects);
    case 'look':
      return looked(state, event.stage, event.since, now, rules, effects);
    case 'read':
      return event.stage === 'AWSCURRENT'
        ? currentRead(state, event.version, now, rules, effects)
        : stagedRead(state, event.stage, event.version);
    case 'failed':
      return event.stage === 'AWSCURRENT'
        ? current(state, event, now, rules, effects)
        : stagedFailed(state, event.stage, event.error);
    case 'used':
      return withUse(state, event.use, (use) =>
        // While a refusal would be final it is not heard of, so that the use says nothing either.
        isWatching(use.acceptance) && now >= use.hopelessUntil ? { ...use, acceptance: used(use.acceptance) } : use,
      );
    case 'unheard':
      return withUse(state, event.use, (use) => ({ ...use, acceptance: UNSEEN }));
    case 'refused':
      return wasRefused(state, event.use, event.tried.at(-1), now, rules);
    case 'sent':
      return sent(state, event.use, event.id, event.attempt, now, rules, effects);
    case 'exhausted':
      return withUse(state, event.use, (use) => exhausted(state, event.use, use, now, rules));
    case 'announced':
      return announced(state, event.id, 0, now, rules, effects);
    case 'woken':
      return woken(state, now, rules, effects);
  }
}

/** Time takes away what it has given. */
function expired(state: SecretState, now: number, rules: SecretRules): SecretState {
  let next = state;
  if (state.replaced !== undefined && now >= previousUntil(state)) next = { ...next, replaced: undefined };
  for (const [name, { instead }] of state.uses) {
    if (instead === undefined || now < instead.until) continue;
    next = withUse(next, name, (use) => ({
      ...use,
      instead: afterwards(state, name, instead.id, now, rules),
      acceptance: UNSEEN,
    }));
  }
  return next;
}

/** What stands in the place of the current version once one that was learnt does not any more: still that one, if all else is unusable. */
function afterwards(
  state: SecretState,
  name: string,
  id: string,
  now: number,
  rules: SecretRules,
): UseState['instead'] {
  const current = state.current.value?.id;
  const until = (state.versions.get(id)?.checkedAt ?? now) + rules.maxStale;
  const isNeeded = current !== undefined && now < until && !rules.fits(name, current) && rules.fits(name, id);
  return isNeeded ? { id, why: 'kept', until } : undefined;
}

function configured(
  state: SecretState,
  wanted: ReadonlyMap<string, RotationOptions>,
  readsHosts: boolean,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  const uses = new Map<string, UseState>();
  for (const [name, options] of wanted) uses.set(name, { ...(state.uses.get(name) ?? NEW_USE), options });
  const hosts = readsHosts ? (state.readsHosts ? state.hosts : 'unknown') : undefined;
  let next: SecretState = { ...state, uses, readsHosts, hosts: state.current.value === undefined ? undefined : hosts };
  const held = next.current.value?.id;
  for (const [name, { instead, options }] of uses) {
    if (instead === undefined) continue;
    const isNeedless = instead.why === 'kept' && held !== undefined && rules.fits(name, held);
    if (isNeedless || !rules.fits(name, instead.id) || !isAllowed(next, instead, options))
      next = withUse(next, name, (use) => ({ ...use, instead: undefined }));
  }
  const before = previousOf(next, now);
  if (held !== undefined && before !== undefined)
    next = keptWhereUnfit(next, held, () => [before], now, rules, effects);
  const isWanting = held === undefined || next.hosts === 'unknown';
  return isWanting ? current(next, { kind: 'read', urgent: false }, now, rules, effects) : next;
}

const NEW_USE: Omit<UseState, 'options'> = {
  acceptance: UNSEEN,
  instead: undefined,
  disproved: new Map(),
  hopelessUntil: Number.NEGATIVE_INFINITY,
  newsAt: Number.NEGATIVE_INFINITY,
  newsEvery: FIRST_NEWS,
};

function isAllowed(
  state: SecretState,
  { id, why }: NonNullable<UseState['instead']>,
  { pending, previous }: RotationOptions,
): boolean {
  if (why === 'kept') return true;
  return labelOf(state, id) === 'AWSPENDING' ? pending : previous;
}

/** Something happens to the current version. */
function current(
  state: SecretState,
  event: RefreshEvent<VersionFacts, SecretError>,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  const same = (one: VersionFacts, other: VersionFacts) => one.id === other.id;
  const [it, { read, news }] = refreshed(state.current, event, now, { ...rules, same });
  if (read !== undefined) effects.push({ do: 'read', stage: 'AWSCURRENT', urgent: read === 'urgent' });
  let next: SecretState = { ...state, current: it };
  for (const happening of news) {
    switch (happening.kind) {
      case 'loaded': {
        const { id } = happening.value;
        effects.push({ do: 'tell', news: { kind: 'loaded', id, previous: happening.previous?.id } });
        next = loaded(next, happening.value, happening.previous?.id, now, rules, effects);
        break;
      }
      case 'purged':
        effects.push({ do: 'tell', news: { kind: 'purged', error: happening.error } });
        next = purged(next);
        break;
      default:
        effects.push({ do: 'tell', news: happening });
    }
  }
  return event.kind === 'succeeded' || event.kind === 'failed' ? sought(next, now) : next;
}

function currentRead(
  state: SecretState,
  { fromReplica, hosts, readHosts, ...facts }: ReadFacts,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  if (fromReplica && isBehind(state, facts))
    return current(state, { kind: 'failed', error: rules.behind }, now, rules, effects);
  const version = { ...facts, checkedAt: state.current.readingSince ?? now };
  // The tag may change while the version does not.
  const told = state.readsHosts ? (readHosts ? hosts : 'unknown') : undefined;
  const known = withVersion({ ...state, hosts: told }, version);
  const next = current(known, { kind: 'succeeded', value: version }, now, rules, effects);
  // It was asked for before the owner's word was wanted.
  return told === 'unknown' ? current(next, { kind: 'read', urgent: true }, now, rules, effects) : next;
}

/** A replica that lags behind does not bring an older version back. */
function isBehind({ latest }: SecretState, { id, createdAt }: Pick<VersionFacts, 'id' | 'createdAt'>): boolean {
  if (latest === undefined || id === latest.id) return false;
  return createdAt === undefined || latest.createdAt === undefined || createdAt <= latest.createdAt;
}

/** Another version is current from now on. */
function loaded(
  state: SecretState,
  { id, createdAt, bornAt }: VersionFacts,
  previous: string | undefined,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  const before = new Map([...state.uses].map(([name, { instead }]) => [name, [instead?.id, previous]]));
  let next: SecretState = {
    ...state,
    latest: { id, createdAt, bornAt },
    replaced: previous === undefined ? state.replaced : { id: previous, at: now },
    budgets: allRenewed(state.budgets),
  };
  for (const name of state.uses.keys()) next = withUse(next, name, ({ options }) => ({ ...NEW_USE, options }));
  next = keptWhereUnfit(next, id, (name) => before.get(name) ?? [], now, rules, effects);
  return next;
}

/** A new version that lacks what an integration needs does not take the place of a good one. */
function keptWhereUnfit(
  state: SecretState,
  id: string,
  beforeOf: (use: string) => readonly (string | undefined)[],
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  let next = state;
  for (const [name, { instead }] of state.uses) {
    if (instead !== undefined || rules.fits(name, id)) continue;
    const before = beforeOf(name).find(
      (it) => it !== undefined && isYoung(state, it, now, rules) && rules.fits(name, it),
    );
    if (before === undefined) continue;
    const until = (state.versions.get(before)?.checkedAt ?? now) + rules.maxStale;
    next = withUse(next, name, (use) => ({ ...use, instead: { id: before, why: 'kept', until } }));
    effects.push({ do: 'tell', news: { kind: 'kept', use: name, id: before } });
  }
  return next;
}

/** AWS has taken it away, or it is too old: no version of it is used any more. */
function purged(state: SecretState): SecretState {
  const { AWSPENDING, AWSPREVIOUS } = state.staged;
  let next: SecretState = {
    ...state,
    replaced: undefined,
    staged: { AWSPENDING: { ...AWSPENDING, id: undefined }, AWSPREVIOUS: { ...AWSPREVIOUS, id: undefined } },
  };
  for (const name of state.uses.keys()) next = withUse(next, name, (use) => ({ ...use, instead: undefined }));
  return next;
}

function looked(
  state: SecretState,
  stage: Stage,
  since: number,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  const { readAt, readingSince } = stage === 'AWSCURRENT' ? state.current : state.staged[stage];
  if (readAt >= since || readingSince !== undefined) return state;
  const { granted, budget } = take(state.budgets[stage], now);
  const next = { ...state, budgets: { ...state.budgets, [stage]: budget } };
  if (!granted) return next;
  return stage === 'AWSCURRENT'
    ? current(next, { kind: 'read', urgent: true }, now, rules, effects)
    : stagedLook(next, stage, true, now, effects);
}

function stagedLook(
  state: SecretState,
  label: StagedLabel,
  urgent: boolean,
  now: number,
  effects: Effects,
): SecretState {
  effects.push({ do: 'read', stage: label, urgent });
  return withStaged(state, label, { readingSince: now });
}

function stagedRead(state: SecretState, label: StagedLabel, { fromReplica, hosts, readHosts, ...facts }: ReadFacts) {
  const since = state.staged[label].readingSince ?? Number.NEGATIVE_INFINITY;
  const found = { id: facts.id, foundAt: since, readingSince: undefined, readAt: since };
  return withVersion(withStaged(state, label, found), { ...facts, checkedAt: since });
}

/** A look that fails leaves what was known, unless there is nothing to be found. */
function stagedFailed(state: SecretState, label: StagedLabel, { reason }: SecretError): SecretState {
  const readAt = state.staged[label].readingSince ?? Number.NEGATIVE_INFINITY;
  return withStaged(state, label, {
    readingSince: undefined,
    readAt,
    ...(NONE.includes(reason) ? { id: undefined } : {}),
  });
}

function wasRefused(
  state: SecretState,
  name: string,
  id: string | undefined,
  now: number,
  rules: SecretRules,
): SecretState {
  const byDefault = defaultOf(state, name, now, rules);
  const use = state.uses.get(name);
  if (id === undefined || use === undefined) return state;
  if (id !== byDefault)
    return withUse(state, name, (it) => ({ ...it, acceptance: refusedToo(it.acceptance, id, now) }));
  const acceptance = refused(use.acceptance, now);
  const hasBecome = acceptance.widelyRefused && !use.acceptance.widelyRefused;
  const next = withUse(state, name, (it) => ({ ...it, acceptance }));
  if (!hasBecome) return next;
  const disproved = use.instead?.why === 'learnt' ? withEntry(use.disproved, id, now + LEARNT_FOR) : use.disproved;
  if (now < use.newsAt) return withUse(next, name, (it) => ({ ...it, disproved }));
  // Something may have changed. Were it news each time, a destination that refuses all would use the budget up anew for ever.
  return withUse({ ...next, budgets: allRenewed(next.budgets) }, name, (it) => ({
    ...it,
    disproved,
    newsAt: now + it.newsEvery,
    newsEvery: Math.min(it.newsEvery * 2, RAREST_NEWS),
  }));
}

/** A version that has become clear to be the one that is taken is used from now on. */
function sent(
  state: SecretState,
  name: string,
  id: string,
  attempt: number,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  // The request was refused with an older version: about the default one it says nothing yet.
  if (id === defaultOf(state, name, now, rules)) return state;
  return withUse(state, name, (use) => {
    const acceptance = tried(use.acceptance, id, attempt, now);
    const isNews = isBetter(acceptance, id, now) && (use.disproved.get(id) ?? now) <= now;
    if (!isNews) return { ...use, acceptance };
    effects.push({ do: 'tell', news: { kind: 'learnt', use: name, id } });
    const until = Math.min(
      now + LEARNT_FOR,
      previousOf(state, now) === id ? previousUntil(state) : Number.POSITIVE_INFINITY,
    );
    const instead = state.current.value?.id === id ? undefined : ({ id, why: 'learnt', until } as const);
    return { ...use, acceptance: UNSEEN, instead };
  });
}

function exhausted(state: SecretState, name: string, use: UseState, now: number, rules: SecretRules): UseState {
  // As long as others are taken, refusals are listened to: they may be the first signs of a rotation.
  if (!use.acceptance.widelyRefused) return use;
  const { instead } = use;
  const isDisproved = instead !== undefined && (use.disproved.get(instead.id) ?? now) > now;
  return {
    ...use,
    hopelessUntil: now + waitOf(state.budgets.AWSCURRENT, now),
    ...(isDisproved ? { instead: afterwards(state, name, instead.id, now, rules), acceptance: UNSEEN } : {}),
  };
}

/** The word may come before the version can be read: it is looked for until it is there, half a minute long. */
function announced(
  state: SecretState,
  id: string,
  looks: number,
  now: number,
  rules: SecretRules,
  effects: Effects,
): SecretState {
  if (currentOf(state, now) === id) return { ...state, announced: undefined };
  const next = { ...state, announced: { id, looks, lookAt: Number.POSITIVE_INFINITY } };
  return current(next, { kind: 'read', urgent: true }, now, rules, effects);
}

/** After a read it is known whether what was announced is there. */
function sought(state: SecretState, now: number): SecretState {
  const { announced: it } = state;
  if (it === undefined) return state;
  const delay = LOOK_AGAIN_AFTER[it.looks];
  if (delay === undefined || state.current.value?.id === it.id) return { ...state, announced: undefined };
  return { ...state, announced: { ...it, lookAt: now + delay } };
}

function woken(state: SecretState, now: number, rules: SecretRules, effects: Effects): SecretState {
  let next = current(state, { kind: 'woken', idle: false }, now, rules, effects);
  const { announced: it } = next;
  if (it !== undefined && now >= it.lookAt) next = announced(next, it.id, it.looks + 1, now, rules, effects);
  for (const { instead } of next.uses.values()) {
    if (instead === undefined || now < confirmAt(next, instead, rules)) continue;
    const label = labelOf(next, instead.id);
    if (label !== undefined) next = stagedLook(next, label, false, now, effects);
  }
  return next;
}

function unlessFailed({ current: { askAgainAt } }: SecretState, now: number): RefreshEvent<VersionFacts, SecretError> {
  return now < askAgainAt ? { kind: 'woken', idle: false } : { kind: 'read', urgent: true };
}

function allRenewed({ AWSCURRENT, AWSPENDING, AWSPREVIOUS }: SecretState['budgets']): SecretState['budgets'] {
  return { AWSCURRENT: renewed(AWSCURRENT), AWSPENDING: renewed(AWSPENDING), AWSPREVIOUS: renewed(AWSPREVIOUS) };
}

function withUse(state: SecretState, name: string, change: (use: UseState) => UseState): SecretState {
  const use = state.uses.get(name);
  if (use === undefined) return state;
  const next = change(use);
  return next === use ? state : { ...state, uses: withEntry(state.uses, name, next) };
}

function withStaged(state: SecretState, label: StagedLabel, change: Partial<SecretState['staged'][StagedLabel]>) {
  return { ...state, staged: { ...state.staged, [label]: { ...state.staged[label], ...change } } };
}

/** A version that was read: nothing makes it younger than the newest read that has found it. */
function withVersion(state: SecretState, version: VersionFacts): SecretState {
  const checkedAt = Math.max(version.checkedAt, state.versions.get(version.id)?.checkedAt ?? Number.NEGATIVE_INFINITY);
  return { ...state, versions: withEntry(state.versions, version.id, { ...version, checkedAt }) };
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
