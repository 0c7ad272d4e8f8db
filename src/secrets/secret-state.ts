import type { CheckBudget } from '../cache/check-budget.ts';
import { type Refresh, unread, usable } from '../cache/refresh.ts';
import { type Acceptance, isRefused } from './acceptance.ts';
import type { SecretError } from './secret-error.ts';
import { STAGED, type Stage, type StagedLabel } from './stage.ts';

/** For how long after a rotation the version before it is a candidate, in ms. */
export const PREVIOUS_FOR = 10 * 60_000;

/** For how long a version that was found by another label is a candidate without being looked up again, in ms. */
export const KNOWN_FOR = 10 * 60_000;

/** What is known of a version besides its value, which the state never holds. */
export interface VersionFacts {
  /** The VersionId. */
  readonly id: string;
  /** When it was created, in ms since 1970, where AWS says so. */
  readonly createdAt: number | undefined;
  /** The same on the clock. */
  readonly bornAt: number | undefined;
  /** When the last read began that has found it, by whichever label. */
  readonly checkedAt: number;
}

/** What was found by a label other than AWSCURRENT. */
export interface StagedLook {
  readonly id: string | undefined;
  /** When the look began that has found it. */
  readonly foundAt: number;
  readonly readingSince: number | undefined;
  /** When the last look that has ended, well or not, had begun. */
  readonly readAt: number;
}

/** Which versions may be tried when the current one is refused. */
export interface RotationOptions {
  /** AWSPENDING: the destination already takes the key that AWS is about to make current. Default true. */
  readonly pending: boolean;
  /** AWSPREVIOUS, up to ten minutes after a rotation: the destination does not take the new key yet. Default true. */
  readonly previous: boolean;
}

/** The secret as one integration uses it. */
export interface UseState {
  readonly options: RotationOptions;
  readonly acceptance: Acceptance;
  /** Another version than the current one, and until when. `learnt`: the destination takes it. `kept`: the current one is unusable. */
  readonly instead: { readonly id: string; readonly why: 'learnt' | 'kept'; readonly until: number } | undefined;
  /** Versions that were learnt and then refused all the same, and until when they are not learnt again. */
  readonly disproved: ReadonlyMap<string, number>;
  /** Until then a refusal is final: nothing else is left, and the secret may not be read again. */
  readonly hopelessUntil: number;
  /** From when on general refusals are news again, and how long after that they are once more. */
  readonly newsAt: number;
  readonly newsEvery: number;
}

/**
 * All that is known of a secret but its values. Immutable; times in ms on the clock. Values are known here by their VersionIds.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_how.html
 */
export interface SecretState {
  /** The version with the label AWSCURRENT. */
  readonly current: Refresh<VersionFacts, SecretError>;
  readonly staged: Readonly<Record<StagedLabel, StagedLook>>;
  readonly budgets: Readonly<Record<Stage, CheckBudget>>;
  /** The version that was current before, when it was seen to be replaced. */
  readonly replaced: { readonly id: string; readonly at: number } | undefined;
  /** The newest version that was current; it outlives the value. */
  readonly latest: Pick<VersionFacts, 'id' | 'createdAt' | 'bornAt'> | undefined;
  /** Every version whose value is held. */
  readonly versions: ReadonlyMap<string, VersionFacts>;
  /** Whether its owner is asked where it may go. */
  readonly readsHosts: boolean;
  /** Where its owner lets it go: undefined when the owner does not say or is not asked; `unknown` until the answer is there. */
  readonly hosts: readonly string[] | undefined | 'unknown';
  /** By the names of the integrations. */
  readonly uses: ReadonlyMap<string, UseState>;
  /** A version that is said to be current, how often it was looked for, and when that is done again. */
  readonly announced: { readonly id: string; readonly looks: number; readonly lookAt: number } | undefined;
}

/** What a secret goes by. */
export interface SecretRules {
  /** Age at which it is read again, in ms. */
  readonly refreshAfter: number;
  /** Age beyond which no version is used, in ms. */
  readonly maxStale: number;
  /** Whether a version holds what an integration needs; always the same for the same two. */
  fits(use: string, versionId: string): boolean;
  /** The failure to say when a replica has an older version than the one that is held. */
  readonly behind: SecretError;
}

const NEVER = Number.NEGATIVE_INFINITY;
const NOT_LOOKED: StagedLook = { id: undefined, foundAt: NEVER, readingSince: undefined, readAt: NEVER };

/** A secret that was never read. */
export function unreadSecret(budget: CheckBudget): SecretState {
  return {
    current: unread(),
    staged: { AWSPENDING: NOT_LOOKED, AWSPREVIOUS: NOT_LOOKED },
    budgets: { AWSCURRENT: budget, AWSPENDING: budget, AWSPREVIOUS: budget },
    replaced: undefined,
    latest: undefined,
    versions: new Map(),
    readsHosts: false,
    hosts: undefined,
    uses: new Map(),
    announced: undefined,
  };
}

/** The current version, if it may be used. */
export function currentOf(state: SecretState, now: number): string | undefined {
  return state.hosts === 'unknown' ? undefined : usable(state.current, now)?.id;
}

/**
 * The version that an integration sends by default: the current one, or what stands in its place.
 *
 * @returns undefined when there is no usable current version.
 */
export function defaultOf(state: SecretState, use: string, now: number, rules: SecretRules): string | undefined {
  const current = currentOf(state, now);
  const instead = state.uses.get(use)?.instead;
  if (current === undefined || instead === undefined) return current;
  return now < instead.until && isYoung(state, instead.id, now, rules) ? instead.id : current;
}

/**
 * The version to send after others were refused: the first of the current one, the pending one and the previous one that is not
 * among them, those first that were not refused lately.
 *
 * @returns undefined when none is left, or when there is no usable current version.
 */
export function untriedOf(
  state: SecretState,
  use: string,
  tried: readonly string[],
  now: number,
  rules: SecretRules,
): string | undefined {
  const it = state.uses.get(use);
  const current = currentOf(state, now);
  if (it === undefined || current === undefined) return undefined;
  const { options, acceptance } = it;
  const candidates = [
    current,
    options.pending ? pendingOf(state, now) : undefined,
    options.previous ? previousOf(state, now) : undefined,
  ].filter((id) => id !== undefined && !tried.includes(id) && isYoung(state, id, now, rules) && rules.fits(use, id));
  return candidates.find((id) => id !== undefined && !isRefused(acceptance, id)) ?? candidates[0];
}

/** The pending version, as far as it is known. */
export function pendingOf({ staged: { AWSPENDING } }: SecretState, now: number): string | undefined {
  return now - AWSPENDING.foundAt < KNOWN_FOR ? AWSPENDING.id : undefined;
}

/** The version before the current one, for ten minutes after a rotation. */
export function previousOf(state: SecretState, now: number): string | undefined {
  if (now >= previousUntil(state)) return undefined;
  if (state.replaced !== undefined) return state.replaced.id;
  const { id, foundAt } = state.staged.AWSPREVIOUS;
  return now - foundAt < KNOWN_FOR ? id : undefined;
}

/** Until when the version before the current one may be used. */
export function previousUntil({ replaced, latest }: SecretState): number {
  // When no rotation was seen since the start, there may still have been one shortly before.
  return (replaced?.at ?? latest?.bornAt ?? NEVER) + PREVIOUS_FOR;
}

/** Whether a version was found in AWS recently enough to be used. */
export function isYoung(state: SecretState, id: string, now: number, { maxStale }: SecretRules): boolean {
  const version = state.versions.get(id);
  return version !== undefined && now < version.checkedAt + maxStale;
}

/** The versions whose values may still be used. */
export function needed(state: SecretState, now: number, rules: SecretRules): ReadonlySet<string> {
  const others = [
    pendingOf(state, now),
    previousOf(state, now),
    ...[...state.uses.values()].map(({ instead }) => instead?.id),
  ].filter((id) => id !== undefined && isYoung(state, id, now, rules));
  return new Set([state.current.value?.id, ...others].filter((id) => id !== undefined));
}

/** When time alone changes something next. */
export function nextWake(state: SecretState, now: number, rules: SecretRules): number {
  const ends = [previousUntil(state), ...STAGED.map((label) => state.staged[label].foundAt + KNOWN_FOR)];
  for (const { checkedAt } of state.versions.values()) ends.push(checkedAt + rules.maxStale);
  const due = [state.current.dueAt, state.announced?.lookAt ?? Number.POSITIVE_INFINITY];
  for (const { instead } of state.uses.values()) {
    if (instead === undefined) continue;
    ends.push(instead.until);
    due.push(confirmAt(state, instead, rules));
  }
  // What has ended already was seen when this state was made.
  return Math.min(...due, ...ends.filter((end) => end > now));
}

/** When a version that was learnt is to be looked up again, so that it does not grow too old while it is used. */
export function confirmAt(
  state: SecretState,
  { id, why }: { readonly id: string; readonly why: 'learnt' | 'kept' },
  { refreshAfter }: SecretRules,
): number {
  const label = why === 'learnt' ? labelOf(state, id) : undefined;
  if (label === undefined || state.staged[label].readingSince !== undefined) return Number.POSITIVE_INFINITY;
  const checkedAt = state.versions.get(id)?.checkedAt ?? NEVER;
  return Math.max(checkedAt, state.staged[label].readAt) + refreshAfter;
}

/** The label by which a version that is not current is found. */
export function labelOf(state: SecretState, id: string): StagedLabel | undefined {
  if (state.current.value?.id === id) return undefined;
  return state.staged.AWSPENDING.id === id ? 'AWSPENDING' : 'AWSPREVIOUS';
}
