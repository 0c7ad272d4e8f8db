import type { LabelEvents, LabelMoved } from '../secrets/label-events.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * Listens to the queue that tells of rotations, where one is set. With several workers it is the supervisor that listens, and
 * passes each event on to all of them.
 *
 * @returns undefined when there is no queue.
 */
export async function hearOfRotations(
  queueUrl: string | undefined,
  log: Log,
  moved: (event: LabelMoved) => void,
): Promise<LabelEvents | undefined> {
  if (queueUrl === undefined) return undefined;
  // The client of SQS takes longer to load than all the rest, and few need it.
  const { LabelEvents } = await import('../secrets/label-events.ts');
  return new LabelEvents(queueUrl, log, moved);
}
