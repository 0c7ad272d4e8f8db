import type { Counts, Report, ResultCount } from './admin/report.ts';
import { type AuditEntry, auditFields } from './audit-record.ts';
import { withDeadline } from './cache/deadline.ts';
import { Ec2Directory } from './callers/ec2-directory.ts';
import { decide } from './decide.ts';
import { hide, sealHidden } from './hide.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import { formatProblem, type Problem } from './integrations/problem.ts';
import type { CatalogueReading } from './integrations/read-catalogue.ts';
import { watchCatalogue } from './integrations/watch-catalogue.ts';
import type { ListenAddress } from './processor/listen-address.ts';
import { patience } from './processor/patience.ts';
import { ProcessorServer } from './processor/processor-server.ts';
import { Redactions } from './redaction/redactions.ts';
import { Seal } from './redaction/seal.ts';
import type { LabelMoved } from './secrets/label-events.ts';
import { SecretLog } from './secrets/secret-log.ts';
import type { SecretNews } from './secrets/secret-machine.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { SecretWriter } from './secrets/secret-writer.ts';
import { awsSettingsProblems, READ_DEADLINE, SecretsManager } from './secrets/secrets-manager.ts';
import { type Settings, SettingsError } from './settings.ts';
import { AuditLog } from './telemetry/audit-log.ts';
import { DenialLog } from './telemetry/denial-log.ts';
import type { Log } from './telemetry/log.ts';
import { RequestCounters } from './telemetry/request-counters.ts';
import type { LogOutput } from './telemetry/standard-output.ts';
import { TokenLog } from './tokens/token-log.ts';
import { TokenStore } from './tokens/token-store.ts';
import { readWithFallback } from './workers/last-good-configuration.ts';

/** How long the first reading of all secrets may hold back readiness, in ms. */
const PREFETCH_PATIENCE = 10_000;

/** What one process needs to know. */
export interface InstanceOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Where that log goes. */
  readonly output: LogOutput;
  /** The configuration to start from when the file has mistakes. Absent: mistakes are an error. */
  readonly configuration?: string;
  /** What all processes behind one Envoy seal with, in base64. Absent: a key of this process's own. */
  readonly sealKey?: string;
  /** Told that the file was taken over, at the start or after a change. */
  readonly onConfiguration?: () => void;
}

/** Everything that answers Envoy in one process: configuration, secrets, and the server that Envoy asks. */
export class Instance {
  readonly #log: Log;
  readonly #onConfiguration: (() => void) | undefined;
  readonly #requests = new RequestCounters();
  readonly #denials: DenialLog;
  /** Absent while denials are enough. */
  readonly #audit: AuditLog<AuditEntry> | undefined;
  readonly #secretLog: SecretLog;
  readonly #source: SecretsManager;
  readonly #secrets: SecretStore;
  readonly #writer: SecretWriter;
  readonly #tokenLog: TokenLog;
  readonly #tokens: TokenStore;
  readonly #directory: Ec2Directory;
  readonly #redactions = new Redactions();
  readonly #processor: ProcessorServer;
  readonly #watcher: { close(): void };
  #catalogue: Catalogue;
  #problems: readonly Problem[];
  /** What could be better in the configuration, as it was at the start. */
  readonly warnings: readonly Problem[];
  #ready = false;
  #ending = false;

  /** @throws CatalogueError when the file that defines the integrations has errors. */
  constructor({ settings, log, output, configuration, sealKey, onConfiguration }: InstanceOptions) {
    const first = readWithFallback(settings.config, configuration);
    this.#log = log;
    this.#onConfiguration = onConfiguration;
    this.#catalogue = first.reading.catalogue;
    this.#problems = first.problems;
    this.warnings = first.reading.warnings;
    this.#watcher = watchCatalogue(settings.config, {
      onCatalogue: (reading) => this.#take(reading),
      onProblems: (problems) => this.#refuse(problems),
    });
    if (this.#problems.length > 0) this.#refuse(this.#problems);
    else onConfiguration?.();
    this.#secretLog = new SecretLog(log);
    this.#source = new SecretsManager({ deadline: Math.max(READ_DEADLINE, settings.fetchDeadline) });
    this.#secrets = new SecretStore(this.#source, settings, (secret, news) => this.#told(secret, news));
    this.#writer = new SecretWriter(this.#source, log);
    this.#tokenLog = new TokenLog(log);
    this.#tokens = new TokenStore({
      writeBack: this.#writer,
      notify: (use, event) => this.#tokenLog.token(use, event),
    });
    this.#directory = new Ec2Directory(settings, log);
    this.#directory.follow(this.#catalogue.tagsFromEc2);
    const seal = new Seal(sealKey === undefined ? undefined : Buffer.from(sealKey, 'base64'));
    this.#denials = new DenialLog(log);
    this.#audit = settings.audit === 'all' ? new AuditLog(log, output, auditFields) : undefined;
    this.#processor = new ProcessorServer({
      decide: (facts) =>
        decide(facts, {
          catalogue: this.#catalogue,
          secrets: this.#secrets,
          tokens: this.#tokens,
          instances: this.#directory.tags,
          fetchDeadline: settings.fetchDeadline,
        }),
      hidden: (facts) =>
        hide(facts, { catalogue: this.#catalogue, secrets: this.#secrets, seal, redactions: this.#redactions }),
      seal: (answer) => sealHidden(answer, seal),
      patience: patience(settings.fetchDeadline),
      answered: (answer, facts) => {
        if (answer.kind === 'reply') {
          this.#requests.count('', answer.about);
          return;
        }
        this.#requests.count(answer.integration ?? '', answer.kind === 'inject' ? 'injected' : answer.code);
        if (answer.kind === 'deny') this.#denials.denied(answer);
        this.#audit?.add({ at: Date.now(), answer, caller: facts.caller, attempt: facts.attempt });
      },
      withheld: (answer) => {
        this.#requests.count(answer.integration ?? '', answer.code);
        this.#denials.denied(answer);
      },
      failed: (error) => log.error({ err: error }, 'request failed inside'),
    });
  }

  /** Whether it listens and the first reading of the secrets was tried. */
  get ready(): boolean {
    return this.#ready;
  }

  /** The number of integrations. */
  get size(): number {
    return this.#catalogue.size;
  }

  /**
   * Reads the secrets and listens; returns when it is ready.
   *
   * @param first `listen` when nobody else could answer meanwhile: a request then waits for its secret. `read` when others can:
   *   Envoy then goes to them until this one has its secrets.
   * @throws Error when an address cannot be had.
   */
  async start(addresses: readonly ListenAddress[], first: 'listen' | 'read'): Promise<void> {
    const prefetch = withDeadline(
      this.#secrets.hold(this.#catalogue),
      PREFETCH_PATIENCE,
      () => new Error('not all secrets in time'),
    ).catch(() => undefined);
    if (first === 'read') await prefetch;
    if (this.#ending) return;
    await this.#processor.listen(addresses);
    await prefetch;
    this.#ready = !this.#ending;
  }

  /** AWSCURRENT of a secret is said to have moved: it is read at once if it is one of these. */
  moved(event: LabelMoved): void {
    this.#secrets.moved(event);
  }

  /** How often things happened. */
  counts(): Counts {
    return {
      requests: [...this.#requests.rows()],
      secretChecks: resultCounts(this.#secretLog.counts()),
      tokens: resultCounts(this.#tokenLog.counts()),
      ...(this.#audit === undefined ? {} : { auditLost: this.#audit.lost }),
    };
  }

  /** How it is doing. */
  report(): Report {
    return {
      uptimeSeconds: Math.round(process.uptime()),
      memoryBytes: process.memoryUsage.rss(),
      problems: this.#problems.map(formatProblem),
      integrations: [...this.#catalogue].map(({ name, host, secretId, places }) => ({
        name,
        host,
        secret: secretId,
        sets: places,
      })),
      secrets: this.#secrets.status(),
      tokens: this.#tokens.status(),
      counts: this.counts(),
    };
  }

  /** Lets calls under way be answered, for `grace` ms at most, and lets go of everything. */
  async drain(grace: number): Promise<void> {
    this.#ending = true;
    this.#ready = false;
    this.#watcher.close();
    await this.#processor.drain(grace);
    this.#denials.close();
    this.#audit?.close();
    this.#directory.close();
    this.#redactions.close();
    this.#tokens.close();
    this.#secrets.close();
    await withDeadline(this.#writer.settled(), grace, () => new Error('not written back in time')).catch((error) =>
      this.#log.error({ err: error }, 'ending before a secret was written back'),
    );
    this.#source.close();
  }

  #told(secret: string, news: SecretNews): void {
    this.#secretLog.tell(secret, news);
    // What was got with a secret, or made of it, goes with it.
    if (news.kind === 'purged') this.#tokens.forget(secret);
    if (news.kind === 'purged' || news.kind === 'loaded') this.#redactions.forget();
  }

  #take({ catalogue, warnings }: CatalogueReading): void {
    // The store makes the new cells in this same turn, so no request meets an integration without its secret.
    void this.#secrets.hold(catalogue);
    this.#tokens.retain(catalogue.secretIds);
    this.#directory.follow(catalogue.tagsFromEc2);
    this.#catalogue = catalogue;
    this.#problems = [];
    for (const warning of warnings) this.#log.warn(formatProblem(warning));
    this.#log.info({ integrations: catalogue.size }, 'configuration read again');
    this.#onConfiguration?.();
  }

  #refuse(problems: readonly Problem[]): void {
    this.#problems = problems;
    for (const problem of problems) this.#log.error(formatProblem(problem));
    this.#log.error('the configuration has errors: the one before stays in use');
  }
}

function resultCounts(counts: ReadonlyMap<string, number>): ResultCount[] {
  return [...counts].map(([result, count]) => ({ result, count }));
}

/** @throws SettingsError when AWS settings contradict each other. */
export async function requireAwsSettings(): Promise<void> {
  const problems = await awsSettingsProblems();
  if (problems.length > 0) throw new SettingsError(problems);
}
