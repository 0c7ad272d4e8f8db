import type { Outgoing } from './call.ts';

/** What goes back; a string body goes out as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Sends an answer. */
export function send(outgoing: Outgoing, { status, headers = {}, body }: Answer): void {
  outgoing.statusCode = status;
  if (body !== undefined) {
    const plain = typeof body === 'string';
    outgoing.setHeader('content-type', `${plain ? 'text/plain' : 'application/json'}; charset=utf-8`);
  }
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
}
