import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gitEnvironment } from './bare-repositories.ts';
import type { Call, Incoming, Outgoing } from './call.ts';

/** A call for `git http-backend`. */
export interface BackendCall {
  readonly call: Call;
  /** The folder that holds all repositories. */
  readonly root: string;
  /** Below `root`: `/acme/widgets.git/info/refs`. */
  readonly path: string;
  readonly user: string;
}

/**
 * Lets `git http-backend` answer, streaming both ways: nothing is held back, whatever the size. Ends it when the caller
 * goes away.
 *
 * @param begin is told the status as soon as it is known
 * @throws Error when it writes no answer
 * @see https://git-scm.com/docs/git-http-backend and RFC 3875
 */
export async function answerByBackend(
  { call, root, path, user }: BackendCall,
  incoming: Incoming,
  outgoing: Outgoing,
  begin: (status: number) => void,
): Promise<void> {
  const { headers } = call;
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      PATH_INFO: path,
      QUERY_STRING: call.query.toString(),
      REQUEST_METHOD: call.method,
      REMOTE_USER: user,
      REMOTE_ADDR: incoming.socket.remoteAddress ?? '',
      CONTENT_TYPE: headers['content-type'] ?? '',
      ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
      ...(headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    },
  });
  outgoing.once('close', () => child.kill());
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  // It may answer, and end, before it has read everything; that is its right.
  pipeline(incoming, child.stdin).catch(() => undefined);
  const head = await Promise.race([readHead(child.stdout), failed]);
  const status = Number.parseInt(head.get('status') ?? '200', 10);
  head.delete('status');
  begin(status);
  outgoing.statusCode = status;
  for (const [name, value] of head) outgoing.setHeader(name, value);
  await pipeline(child.stdout, outgoing);
}

/** Takes the header fields from the front of a CGI program's output, names in lower case, and leaves the body in it. */
async function readHead(output: Readable): Promise<Map<string, string>> {
  let read = Buffer.alloc(0);
  for (;;) {
    const chunk: Buffer | null = output.read();
    if (chunk === null) {
      if (output.readableEnded || output.destroyed) throw new Error('git http-backend ended without an answer');
      await new Promise<void>((resolve) => {
        const go = () => {
          for (const event of ['readable', 'end', 'close']) output.off(event, go);
          resolve();
        };
        for (const event of ['readable', 'end', 'close']) output.once(event, go);
      });
      continue;
    }
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf('\r\n\r\n');
    if (end >= 0) {
      output.unshift(read.subarray(end + 4));
      const lines = read.subarray(0, end).toString('latin1').split('\r\n');
      return new Map(
        lines.map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
      );
    }
  }
}
