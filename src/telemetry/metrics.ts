import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Overview } from '../admin/report.ts';
import { secretsOf } from '../admin/status.ts';

/**
 * The metrics of all workers in the text format of Prometheus. Nothing is recorded on the way of a request: what the workers
 * tell of themselves is read when the metrics are asked for. Counters go on counting when a worker is replaced.
 *
 * @param overview asks the workers.
 * @returns a function that gives the text.
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/
 */
export function createMetrics(overview: () => Promise<Overview>): () => Promise<string> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('attache');
  const requests = meter.createObservableCounter('attache.requests', {
    description: 'Requests by integration and outcome',
  });
  const lanes = meter.createObservableCounter('attache.lane.events', {
    description:
      'What happened to express lanes: values pushed and withdrawn, attempts that were asked about all the same',
  });
  const checks = meter.createObservableCounter('attache.secret.checks', { description: 'Reads of secrets by result' });
  const tokens = meter.createObservableCounter('attache.tokens', { description: 'Tokens asked for, by result' });
  const auditLost = meter.createObservableCounter('attache.audit.lost', {
    description: 'Decisions that the log was to have and has not, since it was not read in time',
  });
  const age = meter.createObservableGauge('attache.secret.age', {
    description: 'Time since the last successful check of a secret, in the worker where it is longest',
    unit: 's',
  });
  const ready = meter.createObservableGauge('attache.worker.ready', {
    description: '1 when the worker can answer Envoy',
  });
  const restarts = meter.createObservableCounter('attache.worker.restarts', {
    description: 'How often another process took the place of a worker',
  });
  const memory = meter.createObservableGauge('process.memory.usage', {
    description: 'Resident memory of a process',
    unit: 'By',
  });

  // One callback for all: the workers are asked once for each text, and the figures in it belong together.
  meter.addBatchObservableCallback(
    async (result) => {
      const { counts, workers, supervisorMemoryBytes } = await overview();
      for (const { count, ...labels } of counts.requests) result.observe(requests, count, labels);
      for (const { count, ...labels } of counts.lanes ?? []) result.observe(lanes, count, labels);
      for (const { count, ...labels } of counts.secretChecks) result.observe(checks, count, labels);
      for (const { count, ...labels } of counts.tokens) result.observe(tokens, count, labels);
      result.observe(auditLost, counts.auditLost ?? 0);
      const reports = workers.flatMap(({ worker, report }) => (report === undefined ? [] : [{ worker, report }]));
      for (const { secret, state, checkedSecondsAgo } of secretsOf(reports)) {
        if (checkedSecondsAgo !== undefined) result.observe(age, checkedSecondsAgo, { secret, state });
      }
      for (const { worker, ...it } of workers) {
        const labels = { worker: String(worker) };
        result.observe(ready, it.ready ? 1 : 0, labels);
        result.observe(restarts, it.restarts, labels);
        if (it.report !== undefined) result.observe(memory, it.report.memoryBytes, labels);
      }
      if (supervisorMemoryBytes !== undefined) result.observe(memory, supervisorMemoryBytes, { worker: 'supervisor' });
    },
    [requests, lanes, checks, tokens, auditLost, age, ready, restarts, memory],
  );
  const serializer = new PrometheusSerializer();
  return async () => serializer.serialize((await exporter.collect()).resourceMetrics);
}
