import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** An STS whose temporary keys are said to expire early. */
export interface StsFront extends AsyncDisposable {
  /** Goes into AWS_ENDPOINT_URL_STS. */
  readonly endpoint: string;
  /** The access key ids that it has given, in their order. */
  readonly given: readonly string[];
  /** After how long the next keys are said to expire, in ms; undefined leaves it to STS. */
  lifeMs: number | undefined;
}

/** Puts a front before the STS of an emulator. */
export async function startStsFront(target: string): Promise<StsFront> {
  const given: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const onward = request(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method ?? 'POST', headers: incoming.headers },
      async (answer) => {
        const text = (await buffer(answer)).toString();
        const key = /<AccessKeyId>([^<]+)</.exec(text)?.[1];
        if (key !== undefined) given.push(key);
        const { lifeMs } = front;
        const expires = lifeMs === undefined ? '$1' : new Date(Date.now() + lifeMs).toISOString();
        outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'text/xml' });
        outgoing.end(text.replace(/(?<=<Expiration>)([^<]+)/, expires));
      },
    );
    onward.once('error', () => outgoing.destroy());
    onward.end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const front: StsFront = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    given,
    lifeMs: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}
