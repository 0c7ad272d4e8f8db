import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counts, Report, ResultCount } from './admin/report.ts';
import { type AuditEntry, auditFields } from './audit-record.ts';
import { withDeadline } from './cache/deadline.ts';
import { Ec2Directory } from './callers/ec2-directory.ts';
import type { Configuration } from './configuration/configuration.ts';
import { type Contents, contentsOf } from './configuration/contents-of.ts';
import { sendsWholeJson } from './credentials/whole-json.ts';
import { decide } from './decide.ts';
import { ExpressLane } from './express/express-lane.ts';
import { hide, sealHidden } from './hide.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import { Leaving } from './integrations/leaving.ts';
import type { ListenAddress } from './processor/listen-address.ts';
import { patience } from './processor/patience.ts';
import { ProcessorServer } from './processor/processor-server.ts';
import { RouteDiscovery, type Verdict } from './processor/route-discovery.ts';
import type { StreamContext } from './processor/stream.ts';
import { Redactions } from './redaction/redactions.ts';
import { Seal } from './redaction/seal.ts';
import { Grants } from './renewals/grants.ts';
import { Renewer } from './renewals/renewer.ts';
import { changedParts, fingerprintOf, type StandingParts } from './routes/standing-parts.ts';
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

/** How long the first reading of secrets that are new may hold back the routes to them, in ms. */
const NEW_SECRETS_PATIENCE = 3_000;

/** How long an integration that has gone answers new requests while no Envoy says that it has taken the change, in ms. */
const OPEN_FOR = 1_000;

/** How long a request may take from Envoy's routes to here, in ms: Envoy says that it has taken a change before all of its threads have. */
const ON_ITS_WAY = 250;

/** How often to see whether what is under way must be over, in ms. */
const FORGET_EVERY = 10_000;

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
  /** Told of each rejection of routes, in Envoy's words. */
  readonly rejected?: (reason: string) => void;
}

/** A configuration that is ready for use, all its secrets being held. */
interface Prepared {
  readonly configuration: Configuration;
  readonly contents: Contents;
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
  readonly #discovery: RouteDiscovery;
  readonly #express: ExpressLane;
  readonly #leaving = new Leaving();
  /** What Envoy reads of the file when it starts, by its fingerprint, as far as this process has seen it. */
  readonly #standing = new Map<string, StandingParts>();
  readonly #forgetting: NodeJS.Timeout;
  #contents: Contents;
  #version: string;
  /** The newest configuration that it was given, in use or not yet. */
  #wanted: Configuration;
  #preparing: Promise<unknown> = Promise.resolve();
  #prepared: Prepared | undefined;
  /** Why that could not be taken over. */
  #problem: string | undefined;
  #ready = false;
  #ending = false;

  /** Makes one that answers by this configuration. */
  static async of(options: InstanceOptions): Promise<Instance> {
    const contents = await contentsOf(options.configuration);
    if (contents === undefined) throw new Error('the first configuration is always wanted');
    return new Instance(options, contents);
  }

  private constructor(
    { settings, log, output, configuration, sealKey, lifeline, rejected = () => undefined }: InstanceOptions,
    contents: Contents,
  ) {
    this.#log = log;
    this.#contents = contents;
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
      notify: (use, event) => {
        this.#tokenLog.token(use, event);
        this.#express.changed(use.secretId);
      },
      wiped,
    });
    this.#directory = new Ec2Directory(settings, log);
    this.#directory.follow(this.#catalogue.tagsFromEc2);
    const key = sealKey === undefined ? undefined : Buffer.from(sealKey, 'base64');
    const seal = new Seal(key);
    this.#express = new ExpressLane({
      catalogue: () => this.#catalogue,
      secrets: this.#secrets,
      tokens: this.#tokens,
      fetchDeadline: settings.fetchDeadline,
      maxStale: settings.maxStale,
      key,
      rejected: (integration, reason) =>
        log.error(
          { integration, reason },
          'Envoy rejects what it is given for lane: express, and asks about each request',
        ),
    });
    this.#denials = new DenialLog(log);
    this.#audit = settings.audit === 'all' ? new AuditLog(log, output, auditFields) : undefined;
    this.#discovery = new RouteDiscovery(rejected);
    this.#forgetting = setInterval(() => this.#forget(), FORGET_EVERY);
    this.#forgetting.unref();
    const context: StreamContext = {
      decide: (facts) =>
        decide(facts, {
          catalogue: this.#catalogue,
          leaving: this.#leaving,
          secrets: this.#secrets,
          tokens: this.#tokens,
          instances: this.#directory.tags,
          fetchDeadline: settings.fetchDeadline,
        }),
      hidden: (facts) =>
        hide(facts, {
          catalogue: this.#catalogue,
          leaving: this.#leaving,
          secrets: this.#secrets,
          seal,
          redactions: this.#redactions,
        }),
      seal: (answer) => sealHidden(answer, seal),
      patience: patience(settings.fetchDeadline),
      answered: (answer, facts) => {
        if (answer.kind === 'reply') {
          this.#requests.count('', answer.about);
          return;
        }
        this.#express.asked(answer.integration ?? '', facts.attempt);
        this.#requests.count(answer.integration ?? '', answer.kind === 'inject' ? 'injected' : answer.code);
        if (answer.kind === 'deny') this.#denials.denied(answer);
        this.#audit?.add({ at: Date.now(), answer, caller: facts.caller, attempt: facts.attempt });
      },
      withheld: (answer) => {
        this.#requests.count(answer.integration ?? '', answer.code);
        this.#denials.denied(answer);
      },
      failed: (error) => log.error({ err: error }, 'request failed inside'),
    };
    this.#processor = new ProcessorServer(context, {
      routes: this.#discovery,
      secrets: this.#express.discovery,
    });
    void this.#publish();
  }

  get #catalogue(): Catalogue {
    return this.#contents.catalogue;
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
    const held = this.#hold().then(() => {
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
   * Makes another configuration ready, little by little, and reads the secrets that are new, while requests go on being answered by
   * the one before. A newer one that comes meanwhile takes its place. Never rejects.
   *
   * @returns why it cannot be used; undefined when it is ready, or when another one is wanted by now.
   */
  prepare(configuration: Configuration): Promise<string | undefined> {
    this.#wanted = configuration;
    const preparing = this.#prepare(configuration);
    this.#preparing = preparing;
    return preparing;
  }

  /**
   * Answers by the configuration that was made ready. Integrations that it has not got any more go on answering; Envoy gets no routes
   * until its own are given. Never rejects.
   *
   * @param version which one: when it is not ready, nothing happens.
   */
  async use(version: string): Promise<void> {
    await this.#preparing;
    const { configuration, contents } = this.#prepared ?? {};
    if (configuration?.version !== version || contents === undefined || this.#ending) return;
    this.#prepared = undefined;
    try {
      this.#change(contents, version);
      this.#discovery.hold();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /**
   * Gives the routes of the configuration that is in use to Envoy. Integrations that it has not got any more are closed when Envoy has
   * taken that, or after a second. Never rejects.
   *
   * @param version which one it is taken to be: when another one is in use, nothing happens.
   * @returns what Envoy makes of its routes.
   */
  async publish(version: string): Promise<Verdict> {
    if (version !== this.#version || this.#ending) return { kind: 'unheard' };
    const close = setTimeout(() => this.settle(), OPEN_FOR);
    const verdict = await this.#publish();
    if (verdict.kind !== 'rejected') clearTimeout(close);
    return verdict;
  }

  /** Refuses new requests to integrations that are not in the configuration any more, once those that Envoy has let in have come. */
  settle(): void {
    const close = this.#leaving.closing();
    setTimeout(() => close(performance.now()), ON_ITS_WAY).unref();
  }

  /** AWSCURRENT of a secret is said to have moved: it is read at once if it is one of these. */
  moved(event: LabelMoved): void {
    this.#secrets.moved(event);
  }

  /** How often things happened. */
  counts(): Counts {
    const lanes = this.#express.counts();
    return {
      requests: [...this.#requests.rows()],
      secretChecks: resultCounts(this.#secretLog.counts()),
      tokens: resultCounts(this.#tokenLog.counts()),
      ...(lanes.length === 0 ? {} : { lanes }),
      ...(this.#audit === undefined ? {} : { auditLost: this.#audit.lost }),
    };
  }

  /** How it is doing. */
  report(): Report {
    const given = this.#express.discovery.names;
    return {
      uptimeSeconds: Math.round(process.uptime()),
      memoryBytes: process.memoryUsage.rss(),
      configuration: this.#version,
      problems: this.#problem === undefined ? [] : [this.#problem],
      notes: this.#restartNotes(),
      integrations: [...this.#catalogue].map(({ name, host, secretId, places, lane }) => ({
        name,
        host,
        secret: secretId,
        sets: places,
        ...(lane === 'express' ? { lane, given: given.has(name) } : {}),
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
    this.#express.close();
    await this.#processor.drain(grace);
    this.#denials.close();
    this.#audit?.close();
    this.#directory.close();
    clearInterval(this.#forgetting);
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
    this.#express.changed(secret);
    if (news.kind === 'loaded') this.#warnOfWholeJson(secret, news.id);
    // What was got with a secret goes with it.
    if (news.kind === 'purged') this.#tokens.forget(secret);
  }

  #warnOfWholeJson(secret: string, versionId: string): void {
    for (const integration of this.#catalogue.using(secret)) {
      const { name, host, templates } = integration;
      const version = this.#secrets.version(integration, versionId);
      if (version === undefined || !sendsWholeJson(templates, version)) continue;
      this.#log.warn(
        { integration: name, secret, host },
        '{{ . }} sends the whole JSON of the secret, every field of it',
      );
    }
  }

  async #prepare(configuration: Configuration): Promise<string | undefined> {
    const isWanted = () => this.#wanted === configuration && !this.#ending;
    try {
      const contents = await contentsOf(configuration, { isWanted, before: this.#catalogue });
      if (contents === undefined || !isWanted()) return undefined;
      this.#prepared = { configuration, contents };
      await Promise.race([this.#hold(), sleep(NEW_SECRETS_PATIENCE, undefined, { ref: false })]);
      return undefined;
    } catch (error) {
      this.#prepared = undefined;
      return this.#refuse(error);
    }
  }

  /**
   * All that depends on the configuration changes in this one turn, so that no request meets an integration without its secret.
   */
  #change(contents: Contents, version: string): void {
    const before = this.#catalogue;
    this.#contents = contents;
    this.#version = version;
    this.#leaving.change(before, contents.catalogue);
    this.#hold().catch((error) => this.#log.error({ err: error }, 'a secret cannot be held for its integrations'));
    this.#retain();
    this.#directory.follow(contents.catalogue.tagsFromEc2);
    this.#express.reconfigured();
    this.#problem = undefined;
    this.#log.info({ integrations: contents.catalogue.size, version }, 'configuration read again');
  }

  /** Holds the secrets of what is in use, of what has just left, and of what is made ready. */
  #hold(): Promise<void> {
    return this.#secrets.hold([...this.#leaving, ...this.#catalogue, ...(this.#prepared?.contents.catalogue ?? [])]);
  }

  #retain(): void {
    const ofLeaving = [...this.#leaving].map(({ secretId }) => secretId);
    this.#tokens.retain(new Set([...this.#catalogue.secretIds, ...ofLeaving]));
  }

  #forget(): void {
    if (!this.#leaving.forget(performance.now())) return;
    this.#hold().catch((error) => this.#log.error({ err: error }, 'a secret cannot be held for its integrations'));
    this.#retain();
  }

  async #publish(): Promise<Verdict> {
    const { routes, standing } = this.#contents;
    if (standing === undefined) return { kind: 'unheard' };
    const fingerprint = fingerprintOf(standing);
    this.#standing.set(fingerprint, standing);
    const verdict = await this.#discovery.publish({ routes, fingerprint });
    for (const note of this.#restartNotes()) this.#log.warn(note);
    return verdict;
  }

  /** What of the file an Envoy does not take over while it runs, though it was changed since that Envoy was started. */
  #restartNotes(): string[] {
    const { standing } = this.#contents;
    if (standing === undefined) return [];
    const now = fingerprintOf(standing);
    return this.#discovery.startedWith.flatMap((then) => {
      if (then === now || then === '') return [];
      const before = this.#standing.get(then);
      const parts = before === undefined ? 'what is no route' : changedParts(before, standing).join(', ');
      return [
        `restart Envoy for ${parts}: it was changed since Envoy was started, and only routes are taken over while Envoy runs`,
      ];
    });
  }

  #refuse(error: unknown): string {
    const reason = error instanceof Error ? error.message : 'unknown error';
    this.#problem = `the configuration cannot be taken over (${reason}): the one before stays in use`;
    this.#log.error({ err: error }, this.#problem);
    return this.#problem;
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
