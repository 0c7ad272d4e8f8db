import { isBootstrap } from '../integrations/envoy-file.ts';
import type { Problem } from '../integrations/problem.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import { KEPT_BY_DEFAULT } from './bodies-rule.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';
import { keptIn } from './retries-rule.ts';

/**
 * Where Envoy refuses what is on its way already. Refusing what is new (`stop_accepting_requests`) leaves those to grow that were let
 * in before, and `reset_high_memory_stream` ends a call of HTTP/1.1 without a word, whose caller then waits for ever.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
 * @see https://github.com/envoyproxy/envoy/issues/29581
 */
const ABORT = 'envoy.load_shed_points.http1_server_abort_dispatch';

/** Whether what Envoy keeps of bodies is bounded not only for each request but in all. */
export function* checkOverload({ source }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const asking = passages.filter(({ asks }) => asks);
  if (!isBootstrap(source) || asking.length === 0) return;
  const manager = source.get(source.root, 'overload_manager');
  const points = source.items(source.get(manager, 'loadshed_points')).map((it) => textOf(source.get(it, 'name')));
  if (points.includes(ABORT)) return;
  const most = Math.max(...asking.map(({ route }) => numberOf(keptIn(source, route)) ?? KEPT_BY_DEFAULT));
  yield source.warning(
    manager,
    `Envoy keeps up to ${most} bytes of each request for another attempt, and nothing bounds that in all, so many large bodies at once may have it killed for want of memory`,
    'copy overload_manager from the envoy.yaml that comes with Attaché, and write the memory that Envoy may take as max_heap_size_bytes',
  );
}
