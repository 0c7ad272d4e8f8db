import type { Problem } from '../integrations/problem.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** As many retries at a time as a rotation may need: in it, each request under way is sent again at once. */
const ENOUGH_RETRIES = 1_024;

/** Whether a request whose key was refused is sent again, and its cluster allows as many of them as a rotation brings. */
export function* checkRetries({ source }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const { route, cluster, clusterName, asks } of passages) {
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
