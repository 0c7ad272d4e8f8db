import type { Problem } from '../integrations/problem.ts';
import { millisecondsOf } from '../integrations/yaml-values.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';

/** How long Envoy waits for Attaché. Times are in milliseconds. */
export function* checkTimeouts(
  { source }: Configuration,
  { config, item }: AttacheFilter,
  patience: number,
): Generator<Problem> {
  const timeout = source.get(config, 'message_timeout');
  const ms = timeout === undefined ? 200 : millisecondsOf(timeout);
  if (ms === 0)
    yield source.error(
      timeout,
      'message_timeout is 0, so each request is refused at once',
      'write message_timeout: 5s',
    );
  else if (ms !== undefined && ms < 20)
    yield source.warning(
      timeout,
      `message_timeout is ${ms} ms, less than a pause of Attaché's process`,
      'write message_timeout: 5s',
    );
  else if (ms !== undefined && ms > 10_000)
    yield source.warning(
      timeout,
      `message_timeout has clients wait ${ms / 1_000} s when Attaché hangs`,
      'write message_timeout: 5s; Attaché asks for more time when it needs it',
    );
  const most = source.get(config, 'max_message_timeout');
  if ((millisecondsOf(most) ?? 0) < patience) {
    yield source.warning(
      most ?? item,
      `max_message_timeout is shorter than the ${patience / 1_000} s that Attaché asks for while it reads a secret, so such a request may end in 504`,
      `write max_message_timeout: ${Math.ceil(patience / 1_000)}s or more`,
    );
  }
}
