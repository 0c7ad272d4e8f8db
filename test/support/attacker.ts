// The process of a caller who attacks: what its texts cost it to send is no delay of anybody else. Told of an attack, it answers with
// how often each status, or each error's message, came back.
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { type Message, send } from '../e2e/support/send.ts';
import { openLoop } from './open-loop.ts';

/** What it is told. */
export interface Attack {
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly messages: readonly Message[];
  /** How often each message is sent, per second. */
  readonly rate: number;
  readonly seconds: number;
}

const agent = new Agent({ keepAlive: true });

process.on('message', async ({ port, messages, rate, seconds }: Attack) => {
  const results = await Promise.all(
    messages.map(async (message, index) => {
      // Each is sent as often, and none at the same moment as another.
      await setTimeout((index * 1_000) / rate / messages.length);
      return openLoop({ rate, until: seconds }, async () => (await send(port, { ...message, agent })).status);
    }),
  );
  const answers: Record<string, number> = {};
  for (const { statuses } of results) {
    for (const [status, count] of Object.entries(statuses)) answers[status] = (answers[status] ?? 0) + count;
  }
  process.send?.(answers);
});
