/** By how many ms AWS's clock is ahead of that of this machine, as the SDK has found out: 0 while they are less than 4 minutes apart. */
let ahead = 0;

/** Takes note of what a client of the SDK says of AWS's clock, after a call. */
export function hearAwsTime({ systemClockOffset }: { readonly systemClockOffset: number }): void {
  ahead = systemClockOffset;
}

/** The time by AWS's clock, as far as it is known to be another, in ms since 1970: signatures are dated by it. */
export function awsNow(): number {
  return Date.now() + ahead;
}

/** A difference that is told, in ms. */
const WORTH_TELLING = 30_000;

/** By how many seconds the clock of this machine is ahead of AWS's; negative when it is behind, 0 when it hardly differs. */
export function leadOverAws(): number {
  return Math.abs(ahead) < WORTH_TELLING ? 0 : Math.round(-ahead / 1_000);
}
