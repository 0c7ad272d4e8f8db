import { isIPv6 } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { parseXML } from '@aws-sdk/xml-builder';
import { SignatureV4 } from '@smithy/signature-v4';
import PQueue from 'p-queue';
import { guardedCredentials } from '../aws/aws-credentials.ts';
import { AwsError } from '../aws/aws-failure.ts';
import { classify } from '../aws/classify.ts';
import { domainIn } from '../aws/region.ts';
import { withDeadline } from '../cache/deadline.ts';
import { Sha256 } from '../signing/sha256.ts';
import { type Ec2Instance, readInstances } from './ec2-instance.ts';
import type { Ec2Options } from './ec2-options.ts';

/** The version of EC2's API. */
const VERSION = '2016-11-15';

/** How long one call may take, in ms: its turn, credentials, a second try and the answer included. */
const DEADLINE = 5_000;

/** How long one try may take, in ms. */
const TRY_DEADLINE = 1_500;

/** How many pages of an answer are read: a few addresses make one. */
const MOST_PAGES = 5;

/** The SDK's own variables that name another endpoint, the first one that is set. */
const ENDPOINTS = ['AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL'];

/**
 * The instances of EC2, asked for by address. EC2's own client weighs 28 MB on disk and 90 MiB in memory, for this one call: so it is
 * signed by the signer of AWS's SDK and read by its XML parser here.
 *
 * At most 5 calls a second, two at a time: EC2 gives an account a hundred at once and twenty a second.
 */
export class Ec2 {
  readonly #region: () => Promise<string>;
  readonly #vpc: string | undefined;
  readonly #credentials = guardedCredentials();
  readonly #queue = new PQueue({ concurrency: 2, intervalCap: 5, interval: 1_000, carryoverIntervalCount: true });
  readonly #closing = new AbortController();

  constructor({ region, vpc }: Pick<Ec2Options, 'region' | 'vpc'>) {
    this.#vpc = vpc;
    // Secrets are read in the SDK's own Region; so are instances.
    const sdk = region === undefined ? new SecretsManagerClient({}).config.region : undefined;
    this.#region = async () => region ?? (await sdk?.()) ?? '';
  }

  /**
   * The running instances that have one of these addresses, and perhaps others.
   *
   * @param addresses 50 at most, all of one family.
   * @param urgent whether a request waits for it.
   * @throws AwsError, whose reason says in which way AWS failed, after {@link DEADLINE} at most.
   */
  async instances(addresses: readonly string[], urgent: boolean): Promise<readonly Ec2Instance[]> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#closing.signal]);
    const work = this.#queue.add(() => this.#twice(addresses, signal), { priority: urgent ? 1 : 0, signal });
    try {
      return await withDeadline(work, DEADLINE, () => timeout(DEADLINE));
    } catch (error) {
      abort.abort();
      throw new AwsError(classify(error));
    }
  }

  /** Gives up calls under way. */
  close(): void {
    this.#closing.abort();
  }

  /** One more try where that can help: a connection that had gone, an identity that has changed, a failure of AWS. */
  async #twice(addresses: readonly string[], signal: AbortSignal): Promise<readonly Ec2Instance[]> {
    try {
      return await this.#pages(addresses, signal);
    } catch (error) {
      const { reason } = classify(error);
      if (reason === 'aws_credentials') this.#credentials.forget();
      if (signal.aborted || !['network', 'aws_error', 'timeout', 'aws_credentials'].includes(reason)) throw error;
      return await this.#pages(addresses, signal);
    }
  }

  async #pages(addresses: readonly string[], signal: AbortSignal): Promise<readonly Ec2Instance[]> {
    const found: Ec2Instance[] = [];
    let token = '';
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#call(
        { ...this.#parameters(addresses), ...(token === '' ? {} : { NextToken: token }) },
        signal,
      );
      for (const { state, instance } of readInstances(answer)) {
        if (state === 'running' && (this.#vpc ?? instance.vpc) === instance.vpc) found.push(instance);
      }
      token = typeof answer.nextToken === 'string' ? answer.nextToken : '';
      if (token === '') return found;
    }
    throw failure('InternalError', 200, 'the answer does not end');
  }

  #parameters(addresses: readonly string[]): Record<string, string> {
    const v6 = isIPv6(addresses[0] ?? '');
    const filters: [string, readonly string[]][] = [
      ['instance-state-name', ['running']],
      [`network-interface.${v6 ? 'ipv6-addresses.ipv6-address' : 'addresses.private-ip-address'}`, addresses],
      ...(this.#vpc === undefined ? [] : [['vpc-id', [this.#vpc]] satisfies [string, string[]]]),
    ];
    const parameters: Record<string, string> = { Action: 'DescribeInstances', Version: VERSION };
    for (const [index, [name, values]] of filters.entries()) {
      parameters[`Filter.${index + 1}.Name`] = name;
      for (const [at, value] of values.entries()) parameters[`Filter.${index + 1}.Value.${at + 1}`] = value;
    }
    return parameters;
  }

  async #call(parameters: Record<string, string>, signal: AbortSignal): Promise<Record<string, unknown>> {
    const region = await this.#region();
    const endpoint = endpointOf(region);
    const body = new URLSearchParams(parameters).toString();
    const signer = new SignatureV4({
      service: 'ec2',
      region,
      credentials: () => this.#credentials.provide(),
      sha256: Sha256,
    });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.host,
      path: '/',
      headers: { host: endpoint.host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body,
    });
    const response = await fetch(endpoint, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_DEADLINE)]),
    }).catch((error) => {
      // The cause has the system's code, which says more than "fetch failed".
      throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
    });
    const text = await response.text();
    if (response.ok) return elementOf(parseXML(text), 'DescribeInstancesResponse');
    throw refusal(response.status, text);
  }
}

/** The variable, where one names the endpoint, or that of the Region in its partition. */
function endpointOf(region: string): URL {
  const given = ENDPOINTS.map((name) => process.env[name]).find((url) => url !== undefined && url !== '');
  if (given !== undefined) return new URL('/', given);
  return new URL(`https://ec2.${region}.${domainIn(region)}/`);
}

/** Without an answer that can be read nothing is known: an empty one would take every tag away. */
function elementOf(parent: unknown, name: string): Record<string, unknown> {
  const element =
    typeof parent === 'object' && parent !== null && name in parent ? Reflect.get(parent, name) : undefined;
  if (typeof element !== 'object' || element === null) throw failure('SyntaxError', undefined, `no ${name}`);
  return element;
}

function refusal(status: number, body: string): Error {
  const code = /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(body)?.[1];
  const message = /<Message>([^<]{0,300})/.exec(body)?.[1];
  return failure(code ?? 'Error', status, message ?? '', code === undefined ? undefined : 'client');
}

function timeout(ms: number): Error {
  return failure('TimeoutError', undefined, `no answer in ${ms} ms`);
}

/** An error in the form of the SDK's own, which is what `classify` reads. */
function failure(name: string, status: number | undefined, message: string, fault?: string): Error {
  return Object.assign(new Error(message), {
    name: name === 'AuthFailure' ? 'UnrecognizedClientException' : name,
    ...(fault === undefined ? {} : { $fault: fault }),
    $metadata: status === undefined ? {} : { httpStatusCode: status },
  });
}
