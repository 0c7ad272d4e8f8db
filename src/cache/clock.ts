/** By how much the wall clock must outrun the monotonic one before that is taken for a sleep, in ms: NTP slews by less. */
const LEAST_SLEEP = 1_000;

let slept = 0;
/** What the wall clock was ahead of the monotonic one when they last agreed. */
let ahead = Date.now() - performance.now();

/**
 * Milliseconds on a clock that never goes back and that goes on while the machine is suspended, or is restored from a snapshot.
 * `performance.now()` alone stands still meanwhile, so that a value would outlive its budget by the length of the sleep.
 *
 * A wall clock that is set forward counts as a sleep too: values are then taken for older than they are, and are read anew.
 * One that is set back changes nothing.
 *
 * @see https://www.man7.org/linux/man-pages/man2/clock_gettime.2.html CLOCK_MONOTONIC, CLOCK_BOOTTIME
 */
export function now(): number {
  const monotonic = performance.now();
  const lead = Date.now() - monotonic;
  if (lead < ahead) ahead = lead;
  else if (lead - ahead > LEAST_SLEEP) {
    slept += lead - ahead;
    ahead = lead;
  }
  return monotonic + slept;
}
