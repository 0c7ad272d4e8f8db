/**
 * How long Attaché asks Envoy to wait for an answer that needs a secret first, in ms: a little longer than it waits itself, so
 * that its answer comes before Envoy's time is up. Envoy grants it when `max_message_timeout` is not shorter.
 *
 * @param fetchDeadline how long Attaché waits for a secret, in ms.
 */
export function patience(fetchDeadline: number): number {
  return fetchDeadline + 250;
}
