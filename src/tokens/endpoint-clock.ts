import { dateOf } from './retry-after.ts';

/** A difference between two clocks that is worth another try, in ms: what is dated is dated back by more than that is off. */
const WORTH_A_TRY = 10_000;

/** A difference that is told, in ms. */
const WORTH_TELLING = 30_000;

/** The resolution of a Date header, in ms. */
const SECOND = 1_000;

/** By endpoint, by how many ms the clock of this machine is ahead of its own, as it was last heard. Endpoints are few: a file names them. */
const heard = new Map<string, number>();

/** The same, as far as it has proved right: what is dated for the endpoint is dated by it. */
const proven = new Map<string, number>();

/** The time by the clock of an endpoint, as far as it is known to be another, in ms since 1970. */
export function timeAt(endpoint: string): number {
  return Date.now() - (proven.get(endpoint) ?? 0);
}

/**
 * Takes note of the time that an answer tells.
 *
 * @param askedAt when it was asked for, in ms since 1970 by the clock of this machine.
 */
export function hearTime(endpoint: string, headers: Headers, askedAt: number): void {
  const date = dateOf(headers);
  if (date === undefined) return;
  // It was made between the two moments, and at any moment of its second.
  const least = askedAt - (date + SECOND);
  const most = Date.now() - date;
  heard.set(endpoint, least <= 0 && most >= 0 ? 0 : (least + most) / 2);
}

/** By how many ms the clock of this machine is ahead of that of an endpoint, as it was last heard. */
export function millisecondsAhead(endpoint: string): number {
  return heard.get(endpoint) ?? 0;
}

/** Takes note of what another process has heard. */
export function hearAhead(endpoint: string, milliseconds: number): void {
  heard.set(endpoint, milliseconds);
}

/** By how many seconds the clock of this machine is ahead of that of an endpoint; negative when it is behind, 0 when it hardly differs. */
export function leadOver(endpoint: string): number {
  const lead = heard.get(endpoint) ?? 0;
  return Math.abs(lead) < WORTH_TELLING ? 0 : Math.round(lead / SECOND);
}

/** The difference as a part of a sentence; empty when there is none. */
export function leadInWords(endpoint: string): string {
  const lead = leadOver(endpoint);
  return lead === 0
    ? ''
    : `the clock of this machine is ${Math.abs(lead)} s ${lead > 0 ? 'ahead of' : 'behind'} its own`;
}

/**
 * Asks with something that bears a date. When that is refused, and the answer tells another time than the one by which it
 * was dated, it is dated by that time and asked once more; if that is taken, so is whatever comes later.
 *
 * @param ask dates what it sends by {@link timeAt}.
 */
export async function askInTime(endpoint: string, ask: () => Promise<Response>): Promise<Response> {
  const first = await ask();
  const before = proven.get(endpoint) ?? 0;
  const lead = heard.get(endpoint) ?? 0;
  if (!isRefusal(first) || Math.abs(lead - before) < WORTH_A_TRY) return first;
  proven.set(endpoint, lead);
  const second = await ask();
  if (isRefusal(second)) proven.set(endpoint, before);
  return second;
}

function isRefusal({ status }: Response): boolean {
  return status === 400 || status === 401;
}
