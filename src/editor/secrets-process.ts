// The process that stores what a person types: it gets one task, answers once, and is ended, and what it held with it.
import { buffer } from 'node:stream/consumers';
import { credentialsIn } from '../add/credentials-in.ts';
import { answerParent } from '../configuration/in-child.ts';
import { CredentialError } from '../credentials/credential-error.ts';
import { Injector } from '../credentials/injector.ts';
import { newVersion } from '../secrets/new-version.ts';
import { DeskError, SecretDesk, type SecretNames, type Stored } from '../secrets/secret-desk.ts';
import { LARGEST_SECRET, SecretVersion } from '../secrets/secret-version.ts';
import { READ_DEADLINE, SecretsManager } from '../secrets/secrets-manager.ts';
import type { SecretTask } from './secrets-child.ts';

/** What came of a task; `refused` is a sentence for the person. */
export type SecretAnswer = { readonly refused: string } | { readonly stored: Stored } | SecretNames;

answerParent(async (task: SecretTask): Promise<SecretAnswer> => {
  const desk = new SecretDesk(new SecretsManager({ deadline: READ_DEADLINE }));
  try {
    if (task.kind === 'list') return await desk.names();
    const version = newVersion(await value(task));
    return { stored: await desk[task.kind](task.secret, version) };
  } catch (error) {
    if (error instanceof DeskError || error instanceof CredentialError) return { refused: error.message };
    throw error;
  }
});

/**
 * What comes by standard input.
 *
 * @throws DeskError, or CredentialError for what the integration could not use.
 */
async function value({ secret, credential }: Exclude<SecretTask, { kind: 'list' }>): Promise<string> {
  const bytes = await buffer(process.stdin);
  if (bytes.length === 0) throw new DeskError('there is no value; type the key');
  if (bytes.length > LARGEST_SECRET) throw new DeskError(`the value has more than ${LARGEST_SECRET} bytes`);
  const text = bytes.toString('utf8');
  bytes.fill(0);
  const version = new SecretVersion('typed', text);
  try {
    new Injector(secret, credentialsIn(credential)).require(version);
  } finally {
    version.discard();
  }
  return text;
}
