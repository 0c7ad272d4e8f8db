import type { IncomingMessage } from 'node:http';

/** A body is larger than what it can be. */
export class BodyTooLargeError extends Error {
  constructor(most: number) {
    super(`the body has more than ${most} bytes`);
    this.name = 'BodyTooLargeError';
  }
}

/**
 * A body, as text.
 *
 * @throws BodyTooLargeError as soon as it has more than so many bytes.
 */
export async function wholeBody(incoming: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  // The connection is still needed to say that it is too large.
  const body = incoming.iterator({ destroyOnReturn: false });
  for await (const chunk of bounded(body, most)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The first line of a body, as text, and what stands behind it chunk by chunk, as it came: no copy is made of that, so whoever reads it
 * can overwrite it.
 *
 * @throws BodyTooLargeError (`rest` too) as soon as there are more bytes.
 */
export async function lineAndRest(
  incoming: IncomingMessage,
  mostInLine: number,
  mostBehind: number,
): Promise<{ readonly line: string; readonly rest: AsyncGenerator<Buffer> }> {
  const chunks: AsyncIterator<Buffer> = incoming.iterator({ destroyOnReturn: false });
  const line: Buffer[] = [];
  let length = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const end = next.value.indexOf(0x0a);
    const part = end < 0 ? next.value : next.value.subarray(0, end);
    length += part.length;
    if (length > mostInLine) throw new BodyTooLargeError(mostInLine);
    line.push(part);
    if (end < 0) continue;
    return {
      line: Buffer.concat(line).toString('utf8'),
      rest: bounded(after(next.value.subarray(end + 1), chunks), mostBehind),
    };
  }
  return { line: Buffer.concat(line).toString('utf8'), rest: bounded(after(Buffer.alloc(0), chunks), mostBehind) };
}

async function* bounded(chunks: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > most) {
      chunk.fill(0);
      throw new BodyTooLargeError(most);
    }
    yield chunk;
  }
}

async function* after(first: Buffer, others: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await others.next(); next.done !== true; next = await others.next()) yield next.value;
}
