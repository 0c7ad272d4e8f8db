import { Agent } from 'node:https';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { hearAwsTime } from '../aws/aws-clock.ts';
import { guardedCredentials } from '../aws/aws-credentials.ts';
import { secondTry } from '../aws/second-try.ts';
import { now } from '../cache/clock.ts';
import { withDeadline } from '../cache/deadline.ts';
import { hostsOf } from './hosts-tag.ts';
import { readFromRegions } from './read-from-regions.ts';
import { readTogether } from './read-together.ts';
import { readValue } from './read-value.ts';
import { SecretError, secretErrorOf } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';
import { Sharing } from './sharing.ts';
import { type Ending, type Turn, Turns } from './turns.ts';

/** How long one call may take when nobody asks for less or more, in ms. */
export const READ_DEADLINE = 5_000;

/** How long another try of a throttled call may take, in ms: one that would end later is not made. */
const ANOTHER_TRY = 500;

/** For how long a read for which nobody waits is tried again while AWS throttles, in ms: until then it is no failure. */
const BACKGROUND_PATIENCE = 30_000;

/** What reads secrets. */
export interface SecretSource {
  /**
   * The version of a secret that has a label.
   *
   * @param secretId name or ARN.
   * @param urgent whether a request waits for it: it then goes before background work.
   * @throws SecretError for every failure, `deadline` ms after its turn has come at most.
   */
  fetch(secretId: string, urgent: boolean, options?: ReadOptions): Promise<SecretVersion>;

  /** A request waits for a secret now: what is read of it goes first. Absent: nothing ever waits for its turn. */
  hurry?(secretId: string): void;
}

/** Which version is read, and where. */
export interface ReadOptions {
  /** The label of the version. Default AWSCURRENT. */
  readonly stage?: 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS';
  /** Regions that hold a replica, asked in this order when the secret's own Region does not answer. Default none. */
  readonly replicas?: readonly string[];
  /** Whether the secret's tag `attache:hosts` is read too, by a second call. Default false. */
  readonly readsHosts?: boolean;
}

/** One read in one Region. */
interface Wish {
  /** Undefined: that of the AWS settings. */
  readonly region: string | undefined;
  readonly stage: string;
  readonly readsHosts: boolean;
}

/** A read, or another call about a secret, that waits for its turn. */
interface Waiting extends Turn {
  /** When its first call began. */
  since?: number;
  /** Makes the call. */
  work(signal: AbortSignal): Promise<void>;
  /** Takes a version that was read in another way. */
  take(version: SecretVersion): void;
  fail(error: SecretError): void;
}

/** Bounds of the calls to AWS. */
export interface SecretsManagerOptions {
  /** How long one call may take, in ms: credentials, connection, a second try and the body included. */
  readonly deadline: number;
  /** For how long a read for which a request waits is tried again while AWS throttles, in ms. Default `deadline`. */
  readonly patience?: number;
}

/**
 * AWS Secrets Manager, read under a deadline that holds whatever hangs. {@link Turns} says in which order and how fast; when many secrets
 * wait, they are read by BatchGetSecretValue where that is permitted, otherwise with one GetSecretValue each.
 *
 * The Region is that of the secret's ARN, or the SDK's own (`AWS_REGION`, profile). Endpoint and credentials are the SDK's.
 */
export class SecretsManager implements SecretSource {
  readonly #clients = new Map<string, SecretsManagerClient>();
  readonly #credentials = guardedCredentials();
  readonly #connections = new NodeHttpHandler({
    connectionTimeout: 500,
    requestTimeout: 1_500,
    throwOnRequestTimeout: true,
    socketTimeout: 1_500,
    httpsAgent: new Agent({ keepAlive: true, maxSockets: 25 }),
  });
  readonly #sharing = new Sharing();
  readonly #turns = new Turns<Waiting>(
    (turns) => this.#run(turns),
    (region) => this.#sharing.mayShare(region),
  );
  readonly #deadline: number;
  readonly #patience: number;

  constructor({ deadline, patience = deadline }: SecretsManagerOptions) {
    this.#deadline = deadline;
    this.#patience = patience;
  }

  fetch(secretId: string, urgent: boolean, options: ReadOptions = {}): Promise<SecretVersion> {
    const { stage = 'AWSCURRENT', readsHosts = false, replicas = [] } = options;
    const own = regionOf(secretId);
    const isPlain = stage === 'AWSCURRENT' && !readsHosts && replicas.length === 0;
    return new Promise((resolve, reject) => {
      this.#turns.add({
        secretId,
        urgent,
        shares: isPlain ? (own ?? '') : undefined,
        work: async (signal) =>
          resolve(
            await readFromRegions(own, replicas, (region) =>
              this.#read(secretId, { region, stage, readsHosts }, signal),
            ),
          ),
        take: resolve,
        fail: reject,
      });
    });
  }

  hurry(secretId: string): void {
    this.#turns.hurry(secretId);
  }

  /**
   * Makes another call about a secret, in its own Region.
   *
   * @throws SecretError for every failure, in `deadline` ms at most.
   */
  call<T>(secretId: string, send: (client: SecretsManagerClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const region = regionOf(secretId);
    return new Promise((resolve, reject) => {
      this.#turns.add({
        secretId,
        urgent: true,
        shares: undefined,
        work: async (signal) =>
          resolve(await this.#withIdentity(secretId, region, signal, () => send(this.#client(region), signal))),
        take: () => undefined,
        fail: reject,
      });
    });
  }

  /** Closes the connections to AWS. */
  close(): void {
    this.#turns.close();
    this.#connections.destroy();
    this.#clients.clear();
  }

  #run(turns: readonly Waiting[]): Promise<Ending> {
    for (const turn of turns) turn.since ??= now();
    const [first, ...others] = turns;
    if (first === undefined) return Promise.resolve('answered');
    return others.length === 0 ? this.#alone(first) : this.#together(first, turns);
  }

  async #alone(turn: Waiting): Promise<Ending> {
    try {
      await this.#bounded(turn.secretId, (signal) => turn.work(signal));
      return 'answered';
    } catch (error) {
      const failure = secretErrorOf(turn.secretId, error);
      if (failure.reason === 'throttled') return this.#throttled([turn], failure);
      turn.fail(failure);
      return 'answered';
    }
  }

  async #together(first: Waiting, turns: readonly Waiting[]): Promise<Ending> {
    const region = regionOf(first.secretId);
    const ids = [...new Set(turns.map(({ secretId }) => secretId))];
    let versions = new Map<string, SecretVersion>();
    try {
      versions = await this.#bounded(first.secretId, (signal) =>
        this.#withIdentity(first.secretId, region, signal, () => readTogether(this.#client(region), ids, signal)),
      );
      this.#sharing.succeeded(region ?? '');
    } catch (error) {
      const failure = secretErrorOf(first.secretId, error);
      const { reason, detail } = failure;
      if (reason === 'throttled') return this.#throttled(turns, failure);
      if (!this.#sharing.failed(region ?? '', reason)) {
        for (const turn of turns) turn.fail(new SecretError(turn.secretId, reason, detail));
        return 'answered';
      }
    }
    for (const turn of turns) {
      const version = versions.get(turn.secretId);
      if (version === undefined) this.#turns.add(Object.assign(turn, { shares: undefined }));
      else turn.take(version);
      // A version has one owner: whoever else wants it reads it.
      versions.delete(turn.secretId);
    }
    return 'answered';
  }

  /** They wait for another turn, as long as somebody may wait for them. */
  #throttled(turns: readonly Waiting[], { reason, detail, pause }: SecretError): Ending {
    const time = now();
    for (const turn of turns) {
      const patience = turn.urgent ? this.#patience : BACKGROUND_PATIENCE;
      const endsAt = time + pause + ANOTHER_TRY;
      if (endsAt - (turn.since ?? time) > patience) turn.fail(new SecretError(turn.secretId, reason, detail));
      else this.#turns.add(turn);
    }
    return 'throttled';
  }

  /** In `deadline` ms at most, whatever hangs. */
  async #bounded<T>(secretId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const late = () => {
      const error = new SecretError(secretId, 'timeout', `no answer in ${this.#deadline} ms`);
      abort.abort(error);
      return error;
    };
    return withDeadline(work(abort.signal), this.#deadline, late);
  }

  #read(secretId: string, wish: Wish, signal: AbortSignal): Promise<SecretVersion> {
    return this.#withIdentity(secretId, wish.region, signal, () => this.#getSecretValue(secretId, wish, signal));
  }

  /** Once more with a new identity when AWS does not take the one that is held. */
  async #withIdentity<T>(
    secretId: string,
    region: string | undefined,
    signal: AbortSignal,
    send: () => Promise<T>,
  ): Promise<T> {
    const client = this.#client(region);
    try {
      return await send();
    } catch (error) {
      const failure = secretErrorOf(secretId, error);
      if (signal.aborted || failure.reason !== 'aws_credentials' || gaveNoCredentials(error)) throw failure;
      this.#renewIdentity(client);
      return await send().catch((again) => {
        throw secretErrorOf(secretId, again);
      });
    }
  }

  /** AWS refuses the identity that a client has: forgets it, once, however many calls are refused with it. */
  #renewIdentity(refused: SecretsManagerClient): void {
    if (![...this.#clients.values()].includes(refused)) return;
    this.#credentials.forget();
    // The SDK remembers an identity inside its client: a new client asks for a new one. Calls under way end undisturbed.
    this.#clients.clear();
  }

  async #getSecretValue(
    secretId: string,
    { region, stage, readsHosts }: Wish,
    signal: AbortSignal,
  ): Promise<SecretVersion> {
    const client = this.#client(region);
    const SecretId = inRegion(secretId, region);
    const [answer, description] = await Promise.all([
      client.send(new GetSecretValueCommand({ SecretId, VersionStage: stage }), { abortSignal: signal }),
      readsHosts ? client.send(new DescribeSecretCommand({ SecretId }), { abortSignal: signal }) : undefined,
    ]);
    const version = readValue(answer, {
      fromReplica: region !== regionOf(secretId),
      hosts: hostsOf(description?.Tags),
    });
    if (version === undefined)
      throw new SecretError(secretId, 'unusable_value', 'GetSecretValue returned no SecretString of 1 to 65536 bytes');
    return version;
  }

  #client(region: string | undefined): SecretsManagerClient {
    const key = region ?? '';
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = new SecretsManagerClient({
      ...(region === undefined ? {} : { region }),
      credentials: () => this.#credentials.provide(),
      maxAttempts: 2,
      retryStrategy: secondTry,
      requestHandler: this.#connections,
    });
    client.middlewareStack.add((next) => async (args) => next(args).finally(() => hearAwsTime(client.config)), {
      step: 'initialize',
    });
    this.#clients.set(key, client);
    return client;
  }
}

/** Whether the call was never made for want of credentials, rather than refused by AWS. */
function gaveNoCredentials(error: unknown): boolean {
  return error instanceof Error && error.name === 'CredentialsProviderError';
}

/** The Region that an ARN names; undefined for a name. */
function regionOf(secretId: string): string | undefined {
  return secretId.startsWith('arn:') ? secretId.split(':')[3] : undefined;
}

/** The same secret in another Region: a replica's ARN differs in nothing but its Region. */
function inRegion(secretId: string, region: string | undefined): string {
  if (region === undefined || regionOf(secretId) === undefined) return secretId;
  return secretId.split(':').with(3, region).join(':');
}

/**
 * What would make every call fail from the first one on, told at start instead.
 *
 * @returns sentences that say what is wrong and what to set; empty when all is well.
 */
export async function awsSettingsProblems(): Promise<string[]> {
  const problems: string[] = [];
  const client = new SecretsManagerClient({});
  try {
    const region = await client.config.region().catch(() => undefined);
    if (region === undefined) problems.push('No AWS Region: set AWS_REGION, for example AWS_REGION=eu-central-1.');
    // An empty variable, as .env files and Compose leave them, is none.
    const endpoint = process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER || process.env.AWS_ENDPOINT_URL;
    if (!endpoint) return problems;
    if (!URL.canParse(endpoint)) {
      problems.push(
        `AWS_ENDPOINT_URL_SECRETS_MANAGER is no URL: ${endpoint}. Write it as http://host:port or https://host.`,
      );
    }
    if (await client.config.useFipsEndpoint()) {
      problems.push('AWS_USE_FIPS_ENDPOINT and an endpoint URL cannot stand together: unset one of them.');
    }
    if (await client.config.useDualstackEndpoint()) {
      problems.push('AWS_USE_DUALSTACK_ENDPOINT and an endpoint URL cannot stand together: unset one of them.');
    }
    return problems;
  } finally {
    client.destroy();
  }
}
