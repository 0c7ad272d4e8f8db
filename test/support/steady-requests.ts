import { Agent } from 'node:http';
import { Journal } from '../../local/journal.ts';
import { send } from '../e2e/support/send.ts';
import { openLoop } from './open-loop.ts';

/** An answer to one of many requests. Times are milliseconds since 1970. */
export interface Seen {
  readonly sentAt: number;
  readonly answeredAt: number;
  /** 0 when the connection failed. */
  readonly status: number;
  /** Attaché's code for a refusal. */
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Requests to one host at a steady rate, and what became of them. */
export interface SteadyRequests extends AsyncDisposable {
  readonly host: string;
  readonly seen: Journal<Seen>;
  /** Those of them that were sent in this span of time and did not get a 200. */
  failed(from: number, to: number): Seen[];
  /** Sends no more, and waits for the answers. */
  stop(): Promise<void>;
}

/** Sends `rate` requests a second to a host behind Envoy until it is stopped. */
export function steadyRequests(port: number, host: string, rate: number): SteadyRequests {
  const seen = new Journal<Seen>();
  const agent = new Agent({ keepAlive: true });
  const end = new AbortController();
  const load = openLoop({ rate, until: end.signal }, async () => {
    const sentAt = Date.now();
    const reply = await send(port, { host, agent }).catch(() => undefined);
    const status = reply?.status ?? 0;
    const text = (name: string) => {
      const value = reply?.headers[name];
      return typeof value === 'string' ? value : undefined;
    };
    seen.add({
      sentAt,
      answeredAt: Date.now(),
      status,
      code: text('x-attache-error'),
      retryAfter: text('retry-after'),
    });
    return status;
  });
  const stop = async () => {
    end.abort();
    await load;
    agent.destroy();
  };
  return {
    host,
    seen,
    failed: (from, to) => seen.entries.filter(({ sentAt, status }) => sentAt >= from && sentAt < to && status !== 200),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
