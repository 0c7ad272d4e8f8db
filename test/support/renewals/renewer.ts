// Renews refresh tokens without a pause, as a worker of Attaché does, until it is killed or whoever has started it has ended. It is given a
// `Task` and tells an `Outcome` for each renewal, over IPC.

import { setTimeout as sleep } from 'node:timers/promises';
import { Grants } from '../../../src/renewals/grants.ts';
import { Renewer } from '../../../src/renewals/renewer.ts';
import { Lease } from '../../../src/secrets/lease.ts';
import { OneWriter } from '../../../src/secrets/one-writer.ts';
import { SecretVersion } from '../../../src/secrets/secret-version.ts';
import { SecretsManager } from '../../../src/secrets/secrets-manager.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import type { TokenError } from '../../../src/tokens/token-error.ts';
import { LIFELINE, launcher } from '../../../src/workers/launch.ts';
import { credential, request } from '../../credentials/support.ts';

/** What is to be renewed: secrets, each with its block `oauth2`. */
export type Task = readonly { readonly secretId: string; readonly oauth2: object }[];

/** What came of one renewal: no reason when it went well. */
export interface Outcome {
  readonly secretId: string;
  readonly reason?: string;
  /** What is said of it. */
  readonly message?: string;
}

/** How long a grant is left alone at most after each renewal, in ms. */
const LONGEST_PAUSE = 4_000;

const source = new SecretsManager({ deadline: 10_000 });
const log = createLog('silent');
const renewer = new Renewer(
  launcher(new URL('../../../src/renewals/renewal-process.ts', import.meta.url), {
    detached: true,
    lifeline: LIFELINE,
  }),
  'silent',
);
const writeBack = new Grants(new OneWriter(source, new Lease(source), log), renewer);

async function renew(secretId: string, oauth2: object): Promise<Outcome> {
  const read = await source.fetch(secretId, true);
  // Of an age that is not known: otherwise it would be written once in ten minutes.
  const secret = new SecretVersion(read.id, read.reveal());
  const step = credential('oauth2', oauth2).prepare(secretId, secret);
  if (!('token' in step)) throw new Error('it gets no token');
  const { use } = step.token(request());
  const context = { signal: AbortSignal.timeout(60_000), writeBack };
  // The first token is the one that stands in the secret, if there is one.
  const stored = await use.mint(context);
  if (secret.reveal().includes(stored.reveal())) await use.mint(context);
  return { secretId };
}

process.on('message', (message: Task | 'kill renewal') => {
  if (message === 'kill renewal') {
    if (renewer.pid !== undefined) process.kill(renewer.pid, 'SIGKILL');
    return;
  }
  for (const { secretId, oauth2 } of message) {
    void (async () => {
      for (;;) {
        const outcome = await renew(secretId, oauth2).catch(({ reason, message }: TokenError) => ({
          secretId,
          reason,
          message,
        }));
        process.send?.(outcome satisfies Outcome, undefined, undefined, () => undefined);
        await sleep(Math.random() * LONGEST_PAUSE);
      }
    })();
  }
});
process.on('disconnect', () => process.exit());
