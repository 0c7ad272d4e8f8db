import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { withDeadline } from '../cache/deadline.ts';
import { CHILD_LIMITS } from '../configuration/in-child.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import { CLOSED, withoutOpenings } from '../workers/launch.ts';
import type { SecretAnswer } from './secrets-process.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const PROGRAM = new URL(`./secrets-process${extname(import.meta.url)}`, import.meta.url);

/** What is asked of Secrets Manager. `credential` is what the value must be fit for. */
export type SecretTask =
  | { readonly kind: 'list' }
  | { readonly kind: 'create' | 'replace'; readonly secret: string; readonly credential: CredentialBlock };

/** What the process sends back, as `answerParent` writes it. */
type Answer = { readonly result: SecretAnswer } | { readonly failure: string };

/**
 * Has a process of its own ask Secrets Manager, so that a value that a person types is gone with it, and a supervisor loads nothing
 * that reads secrets. The value goes there by a pipe; each chunk of it is overwritten here as soon as it is on its way.
 *
 * @throws Error when the process fails or takes too long. The message holds nothing of the value.
 */
export async function inSecretsChild(task: SecretTask, value?: AsyncIterable<Buffer>): Promise<SecretAnswer> {
  const child = fork(PROGRAM, [], {
    execArgv: [...withoutOpenings(process.execArgv), CLOSED],
    env: { ...process.env, NODE_OPTIONS: withoutOpenings((process.env.NODE_OPTIONS ?? '').split(/\s+/)).join(' ') },
    serialization: 'json',
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
  });
  try {
    return await withDeadline(ask(child, task, value), CHILD_LIMITS.time, () => new Error(FAILED));
  } finally {
    child.kill('SIGKILL');
  }
}

const FAILED = 'the process that asks AWS Secrets Manager failed; try again';

async function ask(child: ChildProcess, task: SecretTask, value: AsyncIterable<Buffer> | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<SecretAnswer>();
  const fail = () => reject(new Error(FAILED));
  // It may be gone before it has read the value.
  child.stdin?.on('error', fail);
  child.once('error', fail).once('close', fail);
  child.once('message', (message) => {
    const answer = message as Answer;
    if ('result' in answer) resolve(answer.result);
    else fail();
  });
  promise.catch(() => undefined);
  child.send(task);
  for await (const chunk of value ?? []) {
    // A write that fails ends too.
    await new Promise((written) => child.stdin?.write(chunk, written));
    chunk.fill(0);
  }
  child.stdin?.end();
  return promise;
}
