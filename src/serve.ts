import { readFileSync } from 'node:fs';
import { serveAdmin } from './admin/admin-server.ts';
import { decide } from './decide.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import { formatProblem, type Problem } from './integrations/problem.ts';
import { readCatalogue } from './integrations/read-catalogue.ts';
import { watchCatalogue } from './integrations/watch-catalogue.ts';
import type { Answer } from './processor/answer.ts';
import { patience } from './processor/patience.ts';
import { ProcessorServer } from './processor/processor-server.ts';
import { SecretLog } from './secrets/secret-log.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { awsSettingsProblems, READ_DEADLINE, SecretsManager } from './secrets/secrets-manager.ts';
import { withDeadline } from './secrets/with-deadline.ts';
import { type Settings, SettingsError } from './settings.ts';
import { DenialLog } from './telemetry/denial-log.ts';
import { createLog } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { RequestCounters } from './telemetry/request-counters.ts';

/** How long the first reading of all secrets may hold back readiness, in ms. */
const PREFETCH_PATIENCE = 10_000;

/** How long calls under way may take to be answered when the process ends, in ms. */
const DRAIN_GRACE = 9_000;

/**
 * Answers Envoy until the process is told to end.
 *
 * @returns once it listens; from then on signals end it.
 * @throws CatalogueError when the file that defines the integrations has errors.
 * @throws SettingsError when AWS settings contradict each other.
 * @throws Error when an address cannot be had.
 */
export async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings.log);
  endOnException(log);
  const { catalogue: first, warnings } = readCatalogue(settings.config);
  let catalogue: Catalogue = first;
  let problems: readonly Problem[] = [];
  for (const warning of warnings) log.warn(formatProblem(warning));
  const awsProblems = await awsSettingsProblems();
  if (awsProblems.length > 0) throw new SettingsError(awsProblems);

  const requests = new RequestCounters();
  const denials = new DenialLog(log);
  const secretLog = new SecretLog(log);
  const source = new SecretsManager({ deadline: Math.max(READ_DEADLINE, settings.fetchDeadline) });
  const secrets = new SecretStore(source, settings, secretLog);

  const processor = new ProcessorServer({
    decide: (facts) => decide(facts, catalogue, secrets),
    patience: patience(settings.fetchDeadline),
    answered: (answer: Answer) => {
      requests.count(answer.integration ?? '', answer.kind === 'inject' ? 'injected' : answer.code);
      if (answer.kind === 'deny') denials.denied(answer);
    },
    failed: (error) => log.error({ err: error }, 'request failed inside'),
  });

  let ready = false;
  const startedAt = performance.now();
  const status = () => ({
    version: VERSION,
    ready,
    uptimeSeconds: Math.round((performance.now() - startedAt) / 1_000),
    config: { file: settings.config, problems: problems.map(formatProblem) },
    integrations: [...catalogue].map(({ name, host, secretId, places }) => ({
      name,
      host,
      secret: secretId,
      sets: places,
      outcomes: requests.of(name),
    })),
    secrets: secrets.status(),
  });
  const metrics = createMetrics({ requests, secretChecks: () => secretLog.counts(), secrets: () => secrets.status() });
  const admin = await serveAdmin({ ready: () => ready, status, metrics }, settings.admin);
  const prefetch = secrets.hold(catalogue);
  await processor.listen(settings.listen);

  const watcher = watchCatalogue(settings.config, {
    onCatalogue: (read) => {
      // The store makes the new cells in this same turn, so no request meets an integration without its secret.
      void secrets.hold(read.catalogue);
      catalogue = read.catalogue;
      problems = [];
      for (const warning of read.warnings) log.warn(formatProblem(warning));
      log.info({ integrations: [...catalogue].length }, 'configuration read again');
    },
    onProblems: (found) => {
      problems = found;
      for (const problem of found) log.error(formatProblem(problem));
      log.error('the configuration has errors: the one before stays in use');
    },
  });

  let ending = false;
  const end = async (signal: NodeJS.Signals) => {
    if (ending) process.exit(1);
    ending = true;
    ready = false;
    log.info({ signal }, 'ending: calls under way are answered first');
    watcher.close();
    await processor.drain(DRAIN_GRACE);
    secrets.close();
    source.close();
    await admin.close();
    log.info('ended');
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);

  await withDeadline(prefetch, PREFETCH_PATIENCE, () => new Error('not all secrets in time')).catch(() => undefined);
  ready = !ending;
  log.info(
    { integrations: [...catalogue].length, listen: settings.listen, startMs: Math.round(performance.now()) },
    'ready',
  );
}

/** This package's version, as package.json has it. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/** An exception that nobody expected leaves the process in an unknown state: it ends, and Envoy refuses requests meanwhile. */
function endOnException(log: ReturnType<typeof createLog>): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, 'ending after an unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
