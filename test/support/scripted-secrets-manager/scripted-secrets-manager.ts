import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LocalAws, localAws } from '../../../local/aws.ts';
import { AwsError } from './aws-error.ts';
import { AWS_JSON } from './fault.ts';
import { type AwsCall, type FaultyServer, startFaultyServer } from './faulty-server.ts';
import { Account } from './operations.ts';

/** How far a caller's clock may be off before AWS takes its signature for an old one, in ms. */
const CLOCK_TOLERANCE = 5 * 60_000;

/** AWS Secrets Manager, played by this process: a few operations on secrets in memory, and any fault on any call. */
export interface ScriptedSecretsManager extends FaultyServer {
  /** How far its clock is ahead of ours, in ms. 0 unless set. It shows in the `Date` header and in what it takes for expired. */
  clockSkewMs: number;
  /** Creates secrets at once, without a call: `value of NAME` is in each. */
  fill(names: readonly string[]): void;
  /** The real SDK, and the environment of a program that shall use this server. */
  readonly aws: LocalAws;
}

/** Starts one on loopback, with no secrets in it. */
export async function startScriptedSecretsManager(): Promise<ScriptedSecretsManager> {
  const account = new Account();
  const answer = (call: AwsCall, incoming: IncomingMessage, _: Buffer, outgoing: ServerResponse) => {
    const now = Date.now() + scripted.clockSkewMs;
    const headers = { 'content-type': AWS_JSON, date: new Date(now).toUTCString() };
    try {
      refuseOldSignature(incoming, now);
      const output = account.call(call.operation, call.body);
      outgoing.writeHead(200, headers).end(JSON.stringify(output));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      outgoing.writeHead(error.status, headers).end(JSON.stringify({ __type: error.name, message: error.message }));
    }
  };
  const server = await startFaultyServer(answer);
  const aws = localAws(server.endpoint);
  const stopListening = server.stop;
  const stop = () => {
    aws.client.destroy();
    return stopListening();
  };
  const scripted: ScriptedSecretsManager = Object.assign(server, {
    fill: (names: readonly string[]) => {
      for (const Name of names) account.call('CreateSecret', { Name, SecretString: `value of ${Name}` });
    },
    clockSkewMs: 0,
    aws,
    stop,
    [Symbol.asyncDispose]: stop,
  });
  return scripted;
}

function refuseOldSignature(incoming: IncomingMessage, now: number): void {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(incoming.headers['x-amz-date'])) ?? [];
  const [year = 0, month = 0, ...rest] = parts.map(Number);
  const signedAt = Date.UTC(year, month - 1, ...rest);
  if (Math.abs(now - signedAt) <= CLOCK_TOLERANCE) return;
  throw new AwsError(
    'InvalidSignatureException',
    `Signature ${signedAt < now ? 'expired' : 'not yet current'}: ${incoming.headers['x-amz-date']}`,
  );
}
