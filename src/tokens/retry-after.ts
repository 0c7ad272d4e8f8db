/** The longest pause that an endpoint is granted, in ms: a date that is wrong must not end an integration for good. */
const LONGEST_PAUSE = 3_600_000;

/**
 * How long an answer asks not to be asked again (RFC 9110, section 10.2.3), in ms, at most an hour.
 *
 * @returns undefined when it does not, or not in a form that can be read.
 */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return bounded(Number(value) * 1_000);
  const at = Date.parse(value);
  // A date is of the endpoint's own clock.
  return Number.isNaN(at) ? undefined : bounded(at - (dateOf(headers) ?? Date.now()));
}

/** When an answer was made by the clock of whoever made it, in ms since 1970; undefined when that is not said. */
export function dateOf(headers: Headers): number | undefined {
  const at = Date.parse(headers.get('date') ?? '');
  // What a cache has kept for a while is no clock.
  return Number.isNaN(at) || Number(headers.get('age') ?? 0) > 0 ? undefined : at;
}

/** A pause of so many ms, as far as it is granted. */
export function bounded(ms: number): number {
  return Math.min(Math.max(0, ms), LONGEST_PAUSE);
}
