import {
  CreateSecretCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { NewVersion } from './new-version.ts';
import { SecretError } from './secret-error.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** How many names one call of ListSecrets gives, which is the most that AWS gives, and how many calls are made. */
const NAMES_A_CALL = 100;
const MOST_CALLS = 10;

/** The names of the secrets that there are, in the order of the alphabet. */
export interface SecretNames {
  readonly names: readonly string[];
  /** Whether there are more than were asked for. */
  readonly more: boolean;
}

/** A version that was stored. */
export interface Stored {
  readonly arn: string;
  readonly name: string;
  readonly versionId: string;
}

/** A person's wish cannot be fulfilled. The message names the secret, the reason and the mend, and never a value. */
export class DeskError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeskError';
  }
}

/** Stores what a person types in AWS Secrets Manager, and lists what is there. One try, since the person waits. */
export class SecretDesk {
  readonly #source: SecretsManager;

  constructor(source: SecretsManager) {
    this.#source = source;
  }

  /**
   * The first thousand names. Needs `secretsmanager:ListSecrets`.
   *
   * @throws DeskError
   */
  names(): Promise<SecretNames> {
    return this.#call('', 'ListSecrets', async (client, abortSignal) => {
      const names: string[] = [];
      let NextToken: string | undefined;
      for (let call = 0; call < MOST_CALLS; call += 1) {
        const page = await client.send(new ListSecretsCommand({ MaxResults: NAMES_A_CALL, NextToken }), {
          abortSignal,
        });
        names.push(...(page.SecretList ?? []).flatMap(({ Name }) => Name ?? []));
        NextToken = page.NextToken;
        if (NextToken === undefined) break;
      }
      return { names: names.toSorted(), more: NextToken !== undefined };
    });
  }

  /**
   * Makes a secret. Needs `secretsmanager:CreateSecret`.
   *
   * @throws DeskError, also when there is one of this name.
   */
  async create(name: string, { id, value }: NewVersion): Promise<Stored> {
    const stored = await this.#call(name, 'CreateSecret', async (client, abortSignal) => {
      const command = new CreateSecretCommand({ Name: name, SecretString: value, ClientRequestToken: id });
      try {
        return await client.send(command, { abortSignal });
      } catch (error) {
        const known = existing(error);
        if (known === undefined) throw error;
        return known;
      }
    });
    if (stored === 'exists')
      throw new DeskError(`the secret ${name} exists already; choose to give it a new value, or another name`);
    if (stored === 'scheduled')
      throw new DeskError(`a secret ${name} is about to be deleted; restore it, or choose another name`);
    return { arn: stored.ARN ?? '', name: stored.Name ?? name, versionId: stored.VersionId ?? id };
  }

  /**
   * Gives a secret a new value, which is current at once. Needs `secretsmanager:PutSecretValue`.
   *
   * @throws DeskError
   */
  async replace(secretId: string, { id, value }: NewVersion): Promise<Stored> {
    const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, ClientRequestToken: id });
    const stored = await this.#call(secretId, 'PutSecretValue', (client, abortSignal) =>
      client.send(command, { abortSignal }),
    );
    return { arn: stored.ARN ?? '', name: stored.Name ?? secretId, versionId: stored.VersionId ?? id };
  }

  async #call<T>(
    secretId: string,
    action: Action,
    send: (client: SecretsManagerClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#source.call(secretId, send);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      throw new DeskError(said(error, secretId, action));
    }
  }
}

type Action = 'ListSecrets' | 'CreateSecret' | 'PutSecretValue';

/** What must be allowed besides, for a secret that is encrypted with a key of one's own. */
const OWN_KEY = ' (and kms:GenerateDataKey and kms:Decrypt for a key of your own)';

function said({ reason, message }: SecretError, secretId: string, action: Action): string {
  const isWrite = action !== 'ListSecrets';
  if (reason === 'access_denied')
    return `AWS denies ${action}; allow secretsmanager:${action}${isWrite ? OWN_KEY : ''} to Attaché`;
  if (reason === 'refused') return `AWS Secrets Manager refuses ${action}; see the permissions of Attaché`;
  return secretId === '' ? message.replace(/^secret : /, '') : message;
}

/** How a name is taken, when that is why a secret was not made. */
function existing(error: unknown): 'exists' | 'scheduled' | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'ResourceExistsException') return 'exists';
  return /scheduled for deletion/i.test(error.message) ? 'scheduled' : undefined;
}
