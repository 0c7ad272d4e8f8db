// The process in which grants are renewed. No request reaches it, so that none can end it; and it outlives whoever has started it until
// what it was given is stored.
import { clientOf } from '../credentials/oauth2-client.ts';
import type { OAuth2Options } from '../credentials/oauth2-options.ts';
import { SecretFields } from '../credentials/secret-fields.ts';
import { Lease } from '../secrets/lease.ts';
import { SecretVersion } from '../secrets/secret-version.ts';
import { SecretWriter } from '../secrets/secret-writer.ts';
import { READ_DEADLINE, SecretsManager } from '../secrets/secrets-manager.ts';
import { createLog } from '../telemetry/log.ts';
import { millisecondsAhead } from '../tokens/endpoint-clock.ts';
import { renew } from '../tokens/renewal.ts';
import { TokenError } from '../tokens/token-error.ts';
import { type FromRenewer, machineNow, type RenewTask, type StoreTask, type ToRenewer } from './messages.ts';
import { plainAccess } from './plain-access.ts';

/** For how long it tries to store what it was given when nobody is there any more who knows of it, in ms. */
const LONGEST_ALONE = 15 * 60_000;

process.title = 'attache renewal';

const source = new SecretsManager({ deadline: READ_DEADLINE });
const lease = new Lease(source);
let log = createLog('info');
let tasks = 0;

process.on('message', (message: ToRenewer) => {
  switch (message.kind) {
    case 'start':
      log = createLog(message.log);
      break;
    case 'renew':
      void carryOut(message.task, () => renewGrant(message.task, message));
      break;
    case 'store':
      void carryOut(message.task, () => store(message.task, message));
      break;
  }
});
process.on('disconnect', () => {
  endWhenDone();
  setTimeout(giveUp, LONGEST_ALONE);
});
// A terminal's Ctrl-C and a service manager's stop go to every process. This one is done soon, and may not end before.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

async function carryOut(task: number, work: () => Promise<void>): Promise<void> {
  tasks += 1;
  try {
    await work();
  } catch (error) {
    tell({ kind: 'failed', task, name: error instanceof Error ? error.name : 'unknown' });
  } finally {
    tasks -= 1;
    endWhenDone();
  }
}

async function renewGrant(task: number, { secretId, from, oauth2, beginBy, unanswered }: RenewTask): Promise<void> {
  const secret = new SecretVersion(from.id, from.value);
  try {
    const client = clientOf(oauth2 as OAuth2Options, new SecretFields(secretId, secret), secretId);
    const { endpoint } = client.origin;
    if (machineNow() > beginBy) {
      const access = new TokenError(client.origin, 'not_written_back', 'this machine is too busy to renew it in time');
      tell({ kind: 'kept', task, access: plainAccess(access), ahead: millisecondsAhead(endpoint), unanswered });
      return;
    }
    const renewed = await renew(client, secret, unanswered, async (version, access) => {
      tell({ kind: 'given', task, version, access: plainAccess(access), ahead: millisecondsAhead(endpoint) });
      await new SecretWriter(source, log).write(secretId, version);
      tell({ kind: 'stored', task });
    });
    if (renewed.stored !== undefined) return;
    await lease.release(secretId, from.id);
    const { access, isLost } = renewed;
    tell({
      kind: 'kept',
      task,
      access: plainAccess(access),
      ahead: millisecondsAhead(endpoint),
      isLost,
      unanswered: renewed.unanswered,
    });
  } catch (error) {
    await lease.release(secretId, from.id);
    throw error;
  }
}

async function store(task: number, { secretId, version }: StoreTask): Promise<void> {
  await new SecretWriter(source, log).write(secretId, version);
  tell({ kind: 'stored', task });
}

/** With nobody who could ask for more, it ends as soon as nothing is left to be stored. */
function endWhenDone(): void {
  if (!process.connected && tasks === 0) process.exit();
}

function giveUp(): never {
  log.error(
    { minutes: LONGEST_ALONE / 60_000 },
    'a refresh token could not be stored since whoever uses it ended, and is lost: authorise anew, and store the new refresh token',
  );
  process.exit(1);
}

function tell(message: FromRenewer): void {
  // Whoever asked may have ended by now.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
