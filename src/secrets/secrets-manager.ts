import { Agent } from 'node:https';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import PQueue from 'p-queue';
import { hearAwsTime } from '../aws/aws-clock.ts';
import { guardedCredentials } from '../aws/aws-credentials.ts';
import { secondTry } from '../aws/second-try.ts';
import { withDeadline } from '../cache/deadline.ts';
import { hostsOf } from './hosts-tag.ts';
import { readFromRegions } from './read-from-regions.ts';
import { SecretError, secretErrorOf } from './secret-error.ts';
import { LARGEST_SECRET, SecretVersion } from './secret-version.ts';

/** How long one read may take when nobody asks for less or more, in ms. */
export const READ_DEADLINE = 5_000;

/** What reads secrets. */
export interface SecretSource {
  /**
   * The version of a secret that has a label.
   *
   * @param secretId name or ARN.
   * @param urgent whether a request waits for it: it then goes before background work.
   * @throws SecretError for every failure, in `deadline` ms at most.
   */
  fetch(secretId: string, urgent: boolean, options?: ReadOptions): Promise<SecretVersion>;
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

/** Bounds of the calls to AWS. */
export interface SecretsManagerOptions {
  /** How long one read may take, in ms: waiting its turn, credentials, connection, retries and body included. */
  readonly deadline: number;
}

/**
 * AWS Secrets Manager, read with one GetSecretValue a secret, under a deadline that holds whatever hangs: at most 10 calls
 * at a time and 40 in two seconds, so that a fleet of these stays far below the account's quota.
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
  readonly #queue = new PQueue({ concurrency: 10, intervalCap: 40, interval: 2_000, carryoverIntervalCount: true });
  readonly #deadline: number;

  constructor(options: SecretsManagerOptions) {
    this.#deadline = options.deadline;
  }

  fetch(secretId: string, urgent: boolean, options: ReadOptions = {}): Promise<SecretVersion> {
    const stage = options.stage ?? 'AWSCURRENT';
    const readsHosts = options.readsHosts ?? false;
    return this.#bounded(secretId, urgent, (signal) =>
      readFromRegions(regionOf(secretId), options.replicas ?? [], (region) =>
        this.#read(secretId, { region, stage, readsHosts }, signal),
      ),
    );
  }

  /**
   * Makes another call about a secret, in its own Region.
   *
   * @throws SecretError for every failure, in `deadline` ms at most.
   */
  call<T>(secretId: string, send: (client: SecretsManagerClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const region = regionOf(secretId);
    return this.#bounded(secretId, true, (signal) =>
      this.#withIdentity(secretId, region, signal, () => send(this.#client(region), signal)),
    );
  }

  /** Closes the connections to AWS. */
  close(): void {
    this.#connections.destroy();
    this.#clients.clear();
  }

  /** In its turn, and in `deadline` ms at most, whatever hangs. */
  async #bounded<T>(secretId: string, urgent: boolean, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const late = () => {
      const error = new SecretError(secretId, 'timeout', `no answer in ${this.#deadline} ms`);
      abort.abort(error);
      return error;
    };
    const { signal } = abort;
    const queued = this.#queue.add(() => work(signal), { priority: urgent ? 1 : 0, signal });
    try {
      return await withDeadline(queued, this.#deadline, late);
    } catch (error) {
      throw secretErrorOf(secretId, error);
    }
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
    const { VersionId: id, SecretString: value, CreatedDate: created } = answer;
    if (id === undefined || value === undefined || value === '' || Buffer.byteLength(value) > LARGEST_SECRET) {
      throw new SecretError(secretId, 'unusable_value', 'GetSecretValue returned no SecretString of 1 to 65536 bytes');
    }
    return new SecretVersion(id, value, {
      ...(created === undefined ? {} : { createdAt: created.getTime() }),
      fromReplica: region !== regionOf(secretId),
      hosts: hostsOf(description?.Tags),
    });
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
