/** How late an answer may come on a machine that is short of CPU time, in ms. */
const LATE = 3_000;

/**
 * How long Attaché asks Envoy to wait for an answer that needs a secret first, in ms: longer than it waits itself, so
 * that its answer comes before Envoy's time is up. Envoy grants it when `max_message_timeout` is not shorter.
 *
 * @param fetchDeadline how long Attaché waits for a secret, in ms.
 */
export function patience(fetchDeadline: number): number {
  return fetchDeadline + LATE;
}
