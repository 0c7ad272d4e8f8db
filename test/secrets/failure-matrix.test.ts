import { createServer } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { freePort } from '../../local/ports.ts';
import type { FailureReason } from '../../src/secrets/secret-error.ts';
import { SecretError } from '../../src/secrets/secret-error.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import type { Fault } from '../support/scripted-secrets-manager/fault.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const CANARY = 'canary-9d41';
const DEADLINE = 4_000;

const error = (name: string, message = `made up ${name}`, status?: number): Fault => ({
  error: name,
  message,
  ...(status === undefined ? {} : { status }),
});
const raw = (status: number, body: string, contentType = 'text/html'): Fault => ({
  status,
  body,
  headers: { 'content-type': contentType },
});
const page = `<html><body>${CANARY}</body></html>`;

interface Row {
  readonly row: string;
  readonly fault: Fault;
  readonly reason: FailureReason;
  /** Calls that one read makes; undefined: as many as the pace and its patience let it. */
  readonly calls: number | undefined;
}

const throttling = [
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'LimitExceededException',
];
const inside = ['InternalServiceError', 'InternalServiceErrorException', 'InternalFailure', 'ServiceUnavailable'];
const expired = ['ExpiredToken', 'ExpiredTokenException'];
const identity = [
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'RequestExpired',
];
const config = ['InvalidRequestException', 'InvalidParameterException', 'ValidationException'];
const deleted = "You can't perform this operation on the secret because it was marked for deletion.";

const ROWS: readonly Row[] = [
  ...throttling.map((name) => ({ row: name, fault: error(name), reason: 'throttled', calls: undefined }) as const),
  { row: 'HTTP 429 of any name', fault: error('Whatever', '', 429), reason: 'throttled', calls: undefined },
  ...[400, 500, 503].flatMap((status) =>
    inside.map(
      (name) =>
        ({ row: `${name} with ${status}`, fault: error(name, '', status), reason: 'aws_error', calls: 2 }) as const,
    ),
  ),
  { row: '503 with a page instead of JSON', fault: raw(503, page), reason: 'aws_error', calls: 2 },
  { row: '403 with a page of a proxy', fault: raw(403, page), reason: 'aws_error', calls: 2 },
  { row: '200 with JSON cut short', fault: raw(200, `{"SecretString":"${CANARY}`), reason: 'aws_error', calls: 2 },
  { row: 'a call that is never answered', fault: 'hang', reason: 'timeout', calls: 2 },
  { row: 'an answer that stops half-way', fault: 'stall', reason: 'timeout', calls: 2 },
  { row: 'ECONNRESET', fault: 'cut', reason: 'network', calls: 2 },
  ...[...expired, ...identity].map(
    (name) => ({ row: name, fault: error(name), reason: 'aws_credentials', calls: 2 }) as const,
  ),
  { row: 'AccessDeniedException', fault: error('AccessDeniedException'), reason: 'access_denied', calls: 1 },
  {
    row: 'AccessDeniedException of KMS',
    fault: error('AccessDeniedException', 'Access to KMS is not allowed'),
    reason: 'access_denied',
    calls: 1,
  },
  { row: 'ResourceNotFoundException', fault: error('ResourceNotFoundException'), reason: 'secret_not_found', calls: 1 },
  {
    row: 'ResourceNotFoundException with 404, as emulators answer',
    fault: error('ResourceNotFoundException', '', 404),
    reason: 'secret_not_found',
    calls: 1,
  },
  ...['InvalidRequestException', 'InvalidParameterException'].map(
    (name) =>
      ({
        row: `${name}: marked for deletion`,
        fault: error(name, deleted),
        reason: 'secret_deleted',
        calls: 1,
      }) as const,
  ),
  ...config.map(
    (name) => ({ row: `${name} of another kind`, fault: error(name), reason: 'bad_request', calls: 1 }) as const,
  ),
  {
    row: 'DecryptionFailure, its KMS key disabled',
    fault: error('DecryptionFailure', 'the KMS key is disabled or pending deletion'),
    reason: 'undecryptable',
    calls: 1,
  },
  { row: 'an unknown name with 400', fault: error('BrandNewException'), reason: 'refused', calls: 1 },
  { row: 'an unknown name with 500', fault: error('BrandNewException', '', 500), reason: 'aws_error', calls: 2 },
  ...Object.entries({
    binary: { SecretBinary: Buffer.from(CANARY).toString('base64') },
    empty: { SecretString: '' },
    'larger than 64 KiB': { SecretString: CANARY.padEnd(65_537) },
    'missing altogether': {},
  }).map(
    ([what, content]) =>
      ({
        row: `a value that is ${what}`,
        fault: raw(200, JSON.stringify({ Name: 'x', VersionId: 'v', ...content }), 'application/x-amz-json-1.1'),
        reason: 'unusable_value',
        calls: 1,
      }) as const,
  ),
];

let aws: ScriptedSecretsManager;

beforeAll(async () => {
  aws = await startScriptedSecretsManager();
});
afterAll(() => aws.stop());
beforeEach(() => {
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
});

/** Reads a secret that cannot be read, and looks at what may be told of it. */
async function failure(source: SecretsManager, secret: string): Promise<SecretError> {
  const began = performance.now();
  const failed = await source.fetch(secret, true).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(performance.now() - began).toBeLessThan(DEADLINE + 5_000);
  if (!(failed instanceof SecretError)) throw new Error(`no SecretError: ${failed}`);
  expect(`${failed.message} ${failed.detail} ${failed.stack}`).not.toMatch(/canary|half-a-key/);
  expect(failed.message).toContain(secret);
  return failed;
}

describe.each([
  { state: 'cold', prepare: async () => undefined },
  { state: 'warm', prepare: (source: SecretsManager, secret: string) => source.fetch(secret, false) },
])('a read that fails, $state', ({ state, prepare }) => {
  const faults = new Map<string | undefined, Fault>();

  beforeAll(() => {
    aws.disturb(({ secret }) => faults.get(secret));
  });

  it.concurrent.each(ROWS)('$row: $reason', { timeout: 20_000 }, async ({ row, fault, reason, calls }) => {
    const secret = `${state}/${row}`;
    await aws.aws.put(secret, CANARY);
    const source = new SecretsManager({ deadline: DEADLINE });
    await prepare(source, secret);
    const before = callsFor(secret);

    faults.set(secret, fault);
    const failed = await failure(source, secret);
    source.close();

    expect(failed.reason).toBe(reason);
    const made = callsFor(secret) - before;
    if (calls === undefined) expect(made).toBeGreaterThan(1);
    else expect(made).toBe(calls);
  });
});

describe('a read without a connection', () => {
  it('ECONNREFUSED: network', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${await freePort()}`);
    const source = new SecretsManager({ deadline: DEADLINE });

    expect((await failure(source, 'prod/x')).reason).toBe('network');
  });

  it('ENOTFOUND: network', async () => {
    // No label of a host name has more than 63 characters, so no resolver is asked.
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://${'x'.repeat(64)}.invalid`);
    const source = new SecretsManager({ deadline: DEADLINE });

    expect((await failure(source, 'prod/x')).reason).toBe('network');
  });

  it('a server that does not speak TLS: network', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', aws.endpoint.replace('http:', 'https:'));
    const source = new SecretsManager({ deadline: DEADLINE });

    expect((await failure(source, 'prod/x')).reason).toBe('network');
  });

  it('a certificate that nobody trusts: network', async () => {
    const { certificate, key } = await (await createAuthority()).issue(['127.0.0.1']);
    await using server = createServer({ cert: certificate, key });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `https://127.0.0.1:${port}`);
    const source = new SecretsManager({ deadline: DEADLINE });

    expect((await failure(source, 'prod/x')).reason).toBe('network');
  });
});

function callsFor(secret: string): number {
  return aws.calls.entries.filter((call) => call.operation === 'GetSecretValue' && call.secret === secret).length;
}
