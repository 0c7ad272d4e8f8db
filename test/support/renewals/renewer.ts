// Renews refresh tokens without a pause, as a worker of Attaché does, until it is killed. It is given a `Task` and tells an `Outcome` for
// each renewal, over IPC.

import { SecretVersion } from '../../../src/secrets/secret-version.ts';
import { SecretWriter } from '../../../src/secrets/secret-writer.ts';
import { SecretsManager } from '../../../src/secrets/secrets-manager.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import type { TokenError } from '../../../src/tokens/token-error.ts';
import { credential, request } from '../../credentials/support.ts';

/** What is to be renewed: secrets, each with its block `oauth2`. */
export type Task = readonly { readonly secretId: string; readonly oauth2: object }[];

/** What came of one renewal: no reason when it went well. */
export interface Outcome {
  readonly secretId: string;
  readonly reason?: string;
}

/** By how much the clock of leases runs faster: a holder is taken for dead after a minute of it. */
const FASTER = 20;

const now = performance.now.bind(performance);
performance.now = () => now() * FASTER;

const source = new SecretsManager({ deadline: 10_000 });
const writer = new SecretWriter(source, createLog('silent'));

async function renew(secretId: string, oauth2: object): Promise<Outcome> {
  const read = await source.fetch(secretId, true);
  // Of an age that is not known: otherwise it would be written once in ten minutes.
  const secret = new SecretVersion(read.id, read.reveal());
  const step = credential('oauth2', oauth2).prepare(secretId, secret);
  if (!('token' in step)) throw new Error('it gets no token');
  const { use } = step.token(request());
  const context = { signal: AbortSignal.timeout(60_000), writeBack: writer };
  // The first token is the one that stands in the secret, if there is one.
  const stored = await use.mint(context);
  if (secret.reveal().includes(stored.reveal())) await use.mint(context);
  return { secretId };
}

process.once('message', (task: Task) => {
  for (const { secretId, oauth2 } of task) {
    void (async () => {
      for (;;) {
        const outcome = await renew(secretId, oauth2).catch(({ reason }: TokenError) => ({ secretId, reason }));
        process.send?.(outcome satisfies Outcome);
      }
    })();
  }
});
