import { type IncomingMessage, request } from 'node:http';
import type { PlainAnswer } from '../token-endpoint/token-front.ts';

/** Hands a request on to another server, with its own Host, and gives that one's answer. */
export function forward(origin: string, incoming: IncomingMessage, body: Buffer): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const url = new URL(incoming.url ?? '/', origin);
    const onward = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers }, async (answer) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: text });
      } catch (error) {
        reject(error);
      }
    });
    onward.once('error', reject);
    onward.end(body);
  });
}
