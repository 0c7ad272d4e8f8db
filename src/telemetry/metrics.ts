import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { RequestCounters } from './request-counters.ts';

/** What the metrics are read from, when somebody asks. */
export interface MetricSources {
  readonly requests: RequestCounters;
  readonly secretChecks: () => ReadonlyMap<string, number>;
  readonly secrets: () => readonly { secret: string; state: string; checkedSecondsAgo?: number }[];
}

/**
 * The metrics of this process in the text format of Prometheus. Nothing is recorded on the way of a request: plain counters
 * are read when the metrics are asked for.
 *
 * @returns a function that gives the text.
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/
 */
export function createMetrics(sources: MetricSources): () => Promise<string> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('attache');
  meter
    .createObservableCounter('attache.requests', { description: 'Requests by integration and outcome' })
    .addCallback((result) => {
      for (const { integration, outcome, count } of sources.requests.rows())
        result.observe(count, { integration, outcome });
    });
  meter
    .createObservableCounter('attache.secret.checks', { description: 'Reads of secrets by result' })
    .addCallback((result) => {
      for (const [outcome, count] of sources.secretChecks()) result.observe(count, { result: outcome });
    });
  meter
    .createObservableGauge('attache.secret.age', {
      description: 'Time since the last successful check of a secret',
      unit: 's',
    })
    .addCallback((result) => {
      for (const { secret, state, checkedSecondsAgo } of sources.secrets()) {
        if (checkedSecondsAgo !== undefined) result.observe(checkedSecondsAgo, { secret, state });
      }
    });
  meter
    .createObservableGauge('process.memory.usage', { description: 'Resident memory of the process', unit: 'By' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  const serializer = new PrometheusSerializer();
  return async () => serializer.serialize((await exporter.collect()).resourceMetrics);
}
