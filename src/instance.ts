import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counts, Report, ResultCount } from './admin/report.ts';
import { type AuditEntry, auditFields } from './audit-record.ts';
import { withDeadline } from './cache/deadline.ts';
import { Ec2Directory } from './callers/ec2-directory.ts';
import { catalogueOf } from './configuration/catalogue-of.ts';
import type { Configuration } from './configuration/configuration.ts';
import { sendsWholeJson } from './credentials/whole-json.ts';
import { decide } from './decide.ts';
import { hide, sealHidden } from './hide.ts';
import { Catalogue } from './integrations/catalogue.ts';
import type { ListenAddress } from './processor/listen-address.ts';
import { patience } from './processor/patience.ts';
import { ProcessorServer } from './processor/processor-server.ts';
import { Redactions } from './redaction/redactions.ts';
import { Seal } from './redaction/seal.ts';
import { Grants } from './renewals/grants.ts';
import { Renewer } from './renewals/renewer.ts';
import type { LabelMoved } from './secrets/label-events.ts';
import { Lease } from './secrets/lease.ts';
import { OneWriter } from './secrets/one-writer.ts';
import { SecretLog } from './secrets/secret-log.ts';
import type { SecretNews } from './secrets/secret-machine.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { awsSettingsProblems, READ_DEADLINE, SecretsManager } from './secrets/secrets-manager.ts';
import { type Settings, SettingsError } from './settings.ts';
import { AuditLog } from './telemetry/audit-log.ts';
import { DenialLog } from './telemetry/denial-log.ts';
import type { Log } from './telemetry/log.ts';
import { RequestCounters } from './telemetry/request-counters.ts';
import type { LogOutput } from './telemetry/standard-output.ts';
import { TokenLog } from './tokens/token-log.ts';
import { TokenStore } from './tokens/token-store.ts';
import { launcher } from './workers/launch.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const RENEWAL = new URL(`./renewals/renewal-process${extname(import.meta.url)}`, import.meta.url);

/** How long the first reading of all secrets may hold back readiness, in ms. */
const PREFETCH_PATIENCE = 10_000;

/** What one process needs to know. */
export interface InstanceOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Where that log goes. */
  readonly output: LogOutput;
  readonly configuration: Configuration;
  /** The descriptor of a pipe that whatever outlives this process keeps open. Absent: nobody needs to know. */
  readonly lifeline?: number;
  /** What all processes behind one Envoy seal with, in base64. Absent: a key of this process's own. */
  readonly sealKey?: string;
}

/** Everything that answers Envoy in one process: configuration, secrets, and the server that Envoy asks. */
export class Instance {
  readonly #log: Log;
  readonly #requests = new RequestCounters();
  readonly #denials: DenialLog;
  /** Absent while denials are enough. */
  readonly #audit: AuditLog<AuditEntry> | undefined;
  readonly #secretLog: SecretLog;
  readonly #source: SecretsManager;
  readonly #secrets: SecretStore;
  readonly #writer: OneWriter;
  readonly #tokenLog: TokenLog;
  readonly #tokens: TokenStore;
  readonly #directory: Ec2Directory;
  readonly #redactions = new Redactions();
  readonly #processor: ProcessorServer;
  #catalogue: Catalogue;
  #version: string;
  /** The newest configuration that it was given, in use or not yet. */
  #wanted: Configuration;
  /** Why that could not be taken over. */
  #problem: string | undefined;
  #ready = false;
  #ending = false;

  /** Makes one that answers by this configuration. */
  static async of(options: InstanceOptions): Promise<Instance> {
    const catalogue = await catalogueOf(options.configuration);
    return new Instance(options, catalogue ?? new Catalogue([]));
  }

  private constructor(
    { settings, log, output, configuration, sealKey, lifeline }: InstanceOptions,
    catalogue: Catalogue,
  ) {
    this.#log = log;
    this.#catalogue = catalogue;
    this.#version = configuration.version;
    this.#wanted = configuration;
    this.#secretLog = new SecretLog(log);
    const wiped = () => this.#redactions.forget();
    this.#source = new SecretsManager({
      deadline: Math.max(READ_DEADLINE, settings.fetchDeadline),
      patience: settings.fetchDeadline,
    });
    this.#secrets = new SecretStore(this.#source, settings, (secret, news) => this.#told(secret, news), wiped);
    this.#writer = new OneWriter(this.#source, new Lease(this.#source), log);
    this.#tokenLog = new TokenLog(log);
    this.#tokens = new TokenStore({
      writeBack: new Grants(this.#writer, new Renewer(launcher(RENEWAL, { lifeline, detached: true }), settings.log)),
      notify: (use, event) => this.#tokenLog.token(use, event),
      wiped,
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
   * @throws Error when an address cannot be had, or when the secrets cannot be held, whatever they are.
   */
  async start(addresses: readonly ListenAddress[], first: 'listen' | 'read'): Promise<void> {
    const began = performance.now();
    const held = this.#secrets.hold(this.#catalogue).then(() => {
      if (this.#ending) return;
      this.#log.info({ ...this.#secrets.count(), ms: Math.round(performance.now() - began) }, 'secrets read');
    });
    const prefetch = Promise.race([held, sleep(PREFETCH_PATIENCE, undefined, { ref: false })]);
    // It is waited for below, perhaps after it has failed.
    prefetch.catch(() => undefined);
    if (first === 'read') await prefetch;
    if (this.#ending) return;
    await this.#processor.listen(addresses);
    await prefetch;
    this.#ready = !this.#ending;
    const { secrets, missing } = this.#secrets.count();
    if (missing > 0) this.#log.warn({ secrets, missing }, 'ready, though secrets are missing: requests for these wait');
  }

  /**
   * Answers by another configuration from now on. It is made ready little by little while requests go on being answered by the one
   * before; if it cannot be taken, or a newer one comes meanwhile, the one before stays as it is. Never rejects.
   */
  async take(configuration: Configuration): Promise<void> {
    this.#wanted = configuration;
    const isWanted = () => this.#wanted === configuration && !this.#ending;
    try {
      const catalogue = await catalogueOf(configuration, { isWanted });
      if (catalogue === undefined || !isWanted()) return;
      this.#change(catalogue, configuration.version);
    } catch (error) {
      this.#refuse(error);
    }
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
      configuration: this.#version,
      problems: this.#problem === undefined ? [] : [this.#problem],
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

  /**
   * Lets calls under way be answered, for `grace` ms at most, and lets go of everything.
   *
   * @param storeGrace how long a refresh token that is being renewed may take to be stored after that, in ms. Default 0: what stores
   *   it goes on by itself.
   */
  async drain(grace: number, storeGrace = 0): Promise<void> {
    this.#ending = true;
    this.#ready = false;
    await this.#processor.drain(grace);
    this.#denials.close();
    this.#audit?.close();
    this.#directory.close();
    this.#redactions.forget();
    this.#tokens.close();
    this.#secrets.close();
    if (storeGrace > 0) await this.#stored(storeGrace);
    this.#source.close();
  }

  async #stored(grace: number): Promise<void> {
    const late = () => new Error(`not stored within ${grace / 1_000} s`);
    await withDeadline(this.#writer.settled(), grace, late).catch((error) =>
      this.#log.error(
        { err: error },
        'ending before a refresh token is stored; a process that is left does it if it can',
      ),
    );
  }

  #told(secret: string, news: SecretNews): void {
    this.#secretLog.tell(secret, news);
    if (news.kind === 'loaded') this.#warnOfWholeJson(secret, news.id);
    // What was got with a secret goes with it.
    if (news.kind === 'purged') this.#tokens.forget(secret);
  }

  #warnOfWholeJson(secret: string, versionId: string): void {
    for (const { name, host, templates } of this.#catalogue.using(secret)) {
      const version = this.#secrets.version(name, versionId);
      if (version === undefined || !sendsWholeJson(templates, version)) continue;
      this.#log.warn(
        { integration: name, secret, host },
        '{{ . }} sends the whole JSON of the secret, every field of it',
      );
    }
  }

  /**
   * All that depends on the configuration changes in this one turn, so that no request meets an integration without its secret.
   */
  #change(catalogue: Catalogue, version: string): void {
    this.#catalogue = catalogue;
    this.#version = version;
    this.#secrets
      .hold(catalogue)
      .catch((error) => this.#log.error({ err: error }, 'a secret cannot be held for its integrations'));
    this.#tokens.retain(catalogue.secretIds);
    this.#directory.follow(catalogue.tagsFromEc2);
    this.#problem = undefined;
    this.#log.info({ integrations: catalogue.size, version }, 'configuration read again');
  }

  #refuse(error: unknown): void {
    const reason = error instanceof Error ? error.message : 'unknown error';
    this.#problem = `the configuration cannot be taken over (${reason}): the one before stays in use`;
    this.#log.error({ err: error }, this.#problem);
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
