import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type FaultyServer, startFaultyServer } from '../../support/scripted-secrets-manager/faulty-server.ts';

/** A counter and troublemaker between Attaché and the local AWS. */
export type AwsFront = FaultyServer;

/** Puts a front before an AWS emulator: `startAwsFront(aws.endpoint)`, then hand `front.endpoint` to Attaché. */
export function startAwsFront(target: string): Promise<AwsFront> {
  return startFaultyServer((_, incoming, body, outgoing) => pass(target, incoming, body, outgoing));
}

function pass(target: string, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
  const onward = request(
    new URL(incoming.url ?? '/', target),
    { method: incoming.method ?? 'POST', headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.once('error', () => outgoing.destroy());
  onward.end(body);
}
