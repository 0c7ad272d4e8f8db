import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What happens to a call instead of its answer: it is never answered (`hang`), its connection is reset (`cut`), the answer stops
 * half-way (`stall`), an error of AWS's (`status` is 400 unless given), or any bytes at all. `{ delayMs }` answers as
 * usual, only later.
 */
export type Fault =
  | 'hang'
  | 'cut'
  | 'stall'
  | { readonly delayMs: number }
  | {
      readonly error: string;
      readonly message?: string;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** What AWS's JSON protocol calls its bodies. */
export const AWS_JSON = 'application/x-amz-json-1.1';

const NEVER_FINISHED = '{"Name":"prod/x","VersionId":"00000000-0000-0000-0000-000000000000","SecretString":"half-a-key';

/** Answers a call with a fault other than a delay. */
export function answerWith(
  fault: Exclude<Fault, { delayMs: number }>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  if (fault === 'hang') return;
  if (fault === 'cut') {
    incoming.socket.resetAndDestroy();
  } else if (fault === 'stall') {
    outgoing.writeHead(200, { 'content-type': AWS_JSON, 'content-length': NEVER_FINISHED.length + 1_000 });
    outgoing.write(NEVER_FINISHED);
  } else if ('error' in fault) {
    outgoing.writeHead(fault.status ?? 400, { 'content-type': AWS_JSON, ...fault.headers });
    outgoing.end(JSON.stringify({ __type: fault.error, message: fault.message ?? 'made up by a test' }));
  } else {
    outgoing.writeHead(fault.status, { 'content-type': AWS_JSON, ...fault.headers });
    outgoing.end(fault.body);
  }
}
