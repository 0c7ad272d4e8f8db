import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type ApiName, apiNames, apis } from './apis.ts';
import { plainEnvironment } from './environment.ts';
import { freePort } from './ports.ts';
import { startProgram } from './process.ts';
import type { Progress } from './python-package.ts';
import { findMinistack } from './tools.ts';

const region = 'us-east-1';
// The emulator asks for no particular ones; the SDK must find some, and must not find the user's.
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Secrets Manager of an emulator, reached through the real SDK. */
export interface LocalAws {
  /** For example "http://127.0.0.1:4566". */
  readonly endpoint: string;
  readonly region: string;
  /** For whatever a test does beyond `put`. */
  readonly client: SecretsManagerClient;
  /** What a program needs in its environment to talk to this emulator and to nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  /** Creates a secret, or gives it a new AWSCURRENT version. A Uint8Array is stored as SecretBinary. Returns the VersionId. */
  put(secret: string, value: string | Uint8Array): Promise<string>;
}

/** An emulator that this process started. */
export interface RunningAws extends LocalAws, AsyncDisposable {
  stop(): Promise<void>;
}

export interface AwsOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** More of ministack's own variables, for example `{ AUTH: 'true' }`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly progress?: Progress;
}

/**
 * Starts ministack on loopback, empty.
 *
 * @throws Error with its last lines when it does not get healthy within 30 s
 */
export async function startAws(options: AwsOptions = {}): Promise<RunningAws> {
  const tool = await findMinistack(options.progress);
  const port = options.port ?? (await freePort());
  const program = await startProgram({
    name: 'ministack (the local AWS)',
    command: tool.command,
    args: tool.args,
    env: plainEnvironment({
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: '0',
      ...options.env,
    }),
  });
  const aws = localAws(`http://127.0.0.1:${port}`);
  const stop = async () => {
    aws.client.destroy();
    // It holds nothing worth an orderly end, and that would take seconds.
    await program.stop(200);
  };
  try {
    await program.until(async () => (await fetch(`${aws.endpoint}/_ministack/health`)).ok, {
      failure: 'the local AWS did not get healthy',
      timeoutMs: 30_000,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...aws, stop, [Symbol.asyncDispose]: stop };
}

/** Talks to an emulator that somebody else started. */
export function localAws(endpoint: string): LocalAws {
  const client = new SecretsManagerClient({ endpoint, region, credentials });
  return {
    endpoint,
    region,
    client,
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    put: (secret, value) => put(client, secret, value),
  };
}

/** Puts the keys of the three APIs where envoy/envoy.yaml looks for them. Returns each secret's VersionId. */
export async function seed(aws: LocalAws, keys: Readonly<Record<ApiName, string>>): Promise<Record<ApiName, string>> {
  const versions = { stripe: '', openai: '', anthropic: '' };
  for (const name of apiNames) {
    versions[name] = await aws.put(apis[name].secret, apis[name].secretValue(keys[name]));
  }
  return versions;
}

async function put(client: SecretsManagerClient, secret: string, value: string | Uint8Array): Promise<string> {
  const content = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value };
  const written = await client.send(new PutSecretValueCommand({ SecretId: secret, ...content })).catch((error) => {
    if (error instanceof ResourceNotFoundException) {
      return client.send(new CreateSecretCommand({ Name: secret, ...content }));
    }
    throw error;
  });
  if (written.VersionId === undefined) {
    throw new Error(`Secrets Manager stored ${secret} but gave no VersionId`);
  }
  return written.VersionId;
}
