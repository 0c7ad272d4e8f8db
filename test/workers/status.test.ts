import { expect, test } from 'vitest';
import { sumCounts } from '../../src/admin/counts.ts';
import type { Overview, Report, SecretReport } from '../../src/admin/report.ts';
import { statusOf } from '../../src/admin/status.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const injected = (count: number) => ({ integration: 'stripe', outcome: 'injected', count });
const denied = { integration: 'stripe', outcome: 'secret_unusable', count: 2 };

function report(secret: Omit<SecretReport, 'secret'>, more: Partial<Report> = {}): Report {
  return {
    uptimeSeconds: 5,
    memoryBytes: 1_000,
    problems: [],
    integrations: [{ name: 'stripe', host: 'api.stripe.com', secret: 'prod/stripe', sets: ['authorization'] }],
    secrets: [{ secret: 'prod/stripe', ...secret }],
    tokens: [],
    counts: { requests: [], secretChecks: [], tokens: [] },
    ...more,
  };
}

function overview(...reports: (Report | undefined)[]): Overview {
  return {
    ready: true,
    uptimeSeconds: 60,
    supervisorMemoryBytes: 7,
    workers: reports.map((it, worker) => ({
      worker,
      pid: 100 + worker,
      ready: it !== undefined,
      restarts: worker,
      ...(it === undefined ? {} : { report: it }),
    })),
    counts: sumCounts([
      {
        requests: [injected(3), denied],
        secretChecks: [{ result: 'loaded', count: 1 }],
        tokens: [{ result: 'refused', count: 2 }],
      },
      { requests: [injected(4)], secretChecks: [{ result: 'loaded', count: 1 }], tokens: [] },
    ]),
  };
}

const status = (...reports: (Report | undefined)[]) =>
  statusOf(overview(...reports), { version: '1.2.3', file: 'envoy.yaml' });

test('the requests of all workers are summed', () => {
  const { integrations } = status(report({ state: 'fresh' }), report({ state: 'fresh' }));

  expect(integrations).toMatchObject([{ name: 'stripe', outcomes: { injected: 7, secret_unusable: 2 } }]);
});

test('a token is shown as the worker holds it that is worst off, and what became of tokens is summed', async () => {
  const token = { secret: 'prod/erp', endpoint: 'auth.example.com', purpose: 'oauth2 {}' };
  const all = overview(
    report({ state: 'fresh' }, { tokens: [{ ...token, state: 'fresh', expiresInSeconds: 500 }] }),
    report({ state: 'fresh' }, { tokens: [{ ...token, state: 'dead', failure: 'refused' }] }),
  );

  expect(statusOf(all, { version: '1.2.3', file: 'envoy.yaml' }).tokens).toEqual([
    { ...token, state: 'dead', failure: 'refused' },
  ]);
  expect(await createMetrics(async () => all)()).toMatch(/^attache_tokens_total\{[^}]*result="refused"[^}]*\} 2/m);
});

test('a secret is shown as the worker holds it that is worst off, with each one of them while they differ', () => {
  const { secrets } = status(
    report({ state: 'fresh', version: 'bbbbbbbb', checkedSecondsAgo: 1 }),
    report({ state: 'dead', failure: 'throttled' }),
    report({ state: 'stale', version: 'aaaaaaaa', checkedSecondsAgo: 900 }),
  );

  expect(secrets).toEqual([
    {
      secret: 'prod/stripe',
      state: 'dead',
      failure: 'throttled',
      workers: [
        { worker: 0, state: 'fresh', version: 'bbbbbbbb' },
        { worker: 1, state: 'dead' },
        { worker: 2, state: 'stale', version: 'aaaaaaaa' },
      ],
    },
  ]);
});

test('a secret in the same state everywhere is shown once, by its longest time without a check', () => {
  const { secrets } = status(
    report({ state: 'fresh', checkedSecondsAgo: 1 }),
    report({ state: 'fresh', checkedSecondsAgo: 40 }),
  );

  expect(secrets).toEqual([{ secret: 'prod/stripe', state: 'fresh', checkedSecondsAgo: 40 }]);
});

test('the secrets that are missing in a worker are counted', () => {
  const secrets = ['a', 'b', 'c'].map((secret) => ({ secret, state: 'fresh' }));
  const other = [{ secret: 'a', state: 'stale' }, ...['b', 'c'].map((secret) => ({ secret, state: 'dead' }))];

  const all = status(report({ state: 'fresh' }, { secrets }), report({ state: 'fresh' }, { secrets: other }));

  expect([all.secretsMissing, all.secrets.length]).toEqual([2, 3]);
});

test('a worker that does not answer is shown without figures, and hides nothing of the others', () => {
  const { workers, integrations } = status(
    undefined,
    report({ state: 'fresh' }, { problems: ['envoy.yaml:1:1: error'] }),
  );

  expect(workers).toEqual([
    { worker: 0, pid: 100, ready: false, restarts: 0 },
    { worker: 1, pid: 101, ready: true, restarts: 1, uptimeSeconds: 5, memoryBytes: 1_000 },
  ]);
  expect(integrations).toHaveLength(1);
});

test('a problem of the configuration that several workers have is told once', () => {
  const problems = ['envoy.yaml:1:1: error'];

  expect(status(report({ state: 'fresh' }, { problems }), report({ state: 'fresh' }, { problems })).config).toEqual({
    file: 'envoy.yaml',
    problems,
    notes: [],
  });
});

test('that Envoy must be restarted is told once, whichever workers know it', () => {
  const notes = ['restart Envoy for cluster internet'];

  expect(
    status(report({ state: 'fresh' }, { notes }), report({ state: 'fresh' }), report({ state: 'fresh' }, { notes }))
      .config.notes,
  ).toEqual(notes);
});

test('the metrics are sums, and memory by process', async () => {
  const all = overview(
    report({ state: 'fresh', checkedSecondsAgo: 3 }),
    report({ state: 'fresh', checkedSecondsAgo: 8 }),
  );

  const text = await createMetrics(async () => all)();

  for (const line of [
    /^attache_requests_total\{integration="stripe",outcome="injected"[^}]*\} 7$/m,
    /^attache_secret_checks_total\{result="loaded"[^}]*\} 2$/m,
    /^attache_secret_age\{secret="prod\/stripe",state="fresh"[^}]*\} 8$/m,
    /^attache_worker_ready\{worker="1"[^}]*\} 1$/m,
    /^attache_worker_restarts_total\{worker="1"[^}]*\} 1$/m,
    /^process_memory_usage\{worker="0"[^}]*\} 1000$/m,
    /^process_memory_usage\{worker="supervisor"[^}]*\} 7$/m,
  ]) {
    expect(text).toMatch(line);
  }
});
