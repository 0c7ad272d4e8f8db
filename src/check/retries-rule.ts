import type { YAMLMap } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';
import type { Passage } from './passages.ts';

/** As many retries at a time as a rotation may need: in it, each request under way is sent again at once. */
const ENOUGH_RETRIES = 1_024;

/** Whether a request whose key was refused is sent again, and its cluster allows as many of them as a rotation brings. */
export function* checkRetries({ source }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const { route, cluster, clusterName, asks, filter } of passages) {
    if (!asks) continue;
    const action = source.get(route.route, 'route');
    const policy = source.get(action, 'retry_policy') ?? source.get(route.virtualHost, 'retry_policy');
    const on = (textOf(source.get(policy, 'retry_on')) ?? '').split(',').map((name) => name.trim());
    const codes = source.items(source.get(policy, 'retriable_status_codes')).map(numberOf);
    const times = numberOf(source.get(policy, 'num_retries')) ?? 1;
    if (!on.includes('retriable-status-codes') || !codes.includes(401) || times < 1) {
      yield source.warning(
        policy ?? action,
        'a request whose key was refused is not sent again with a fresh one, so rotations lose requests',
        'write retry_policy: { retry_on: retriable-status-codes, retriable_status_codes: [401], num_retries: 2 }',
      );
    }
    if (cluster === undefined) continue;
    if (filter?.side === 'cluster' && !stopsRetries(source, cluster)) {
      yield source.warning(
        source.get(httpOptions(source, cluster), 'http_filters') ?? cluster,
        `cluster ${clusterName} retries a key that is simply wrong again and again, because nothing tells Envoy that no other is left to try`,
        'copy the filter final_answer from the envoy.yaml that comes with Attaché',
      );
    }
    const thresholds = source.items(source.get(cluster, 'circuit_breakers', 'thresholds'));
    const usual = thresholds.find((node) =>
      ['DEFAULT', '0'].includes(textOf(source.get(node, 'priority')) ?? 'DEFAULT'),
    );
    const budget = source.get(usual, 'retry_budget');
    const most = source.get(usual, 'max_retries');
    if (
      budget !== undefined
        ? (numberOf(source.get(budget, 'budget_percent', 'value')) ?? 20) < 100
        : (numberOf(most) ?? 3) < ENOUGH_RETRIES
    ) {
      yield source.warning(
        budget ?? most ?? usual ?? cluster,
        `cluster ${clusterName} allows too few retries at a time, so rotations lose requests`,
        'write circuit_breakers: { thresholds: [{ max_retries: 65536 }] }',
      );
    }
  }
}

/** Whether a filter turns Attaché's word that an answer is final into the header that keeps Envoy from retrying. */
function stopsRetries(source: YamlSource, cluster: YAMLMap): boolean {
  return source
    .items(source.get(httpOptions(source, cluster), 'http_filters'))
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'mutations', 'response_mutations')))
    .some((mutation) => {
      const header = source.get(mutation, 'append', 'header');
      const value = textOf(source.get(header, 'value')) ?? '';
      return (
        textOf(source.get(header, 'key')) === 'x-envoy-ratelimited' && value.includes('DYNAMIC_METADATA(attache:final)')
      );
    });
}
