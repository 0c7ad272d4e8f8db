import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateFolder } from '../../local/guard.ts';
import { runProgram } from '../../local/process.ts';
import { goProgram, onPath } from './go-programs.ts';

/** Connections in the closed loop: each sends its next request once the one before is answered. */
const CLOSED_LOOP = 16;

/** One way of asking, kept in a file for the loader. */
export interface Requests {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** They are asked for in turns. */
  readonly hosts: readonly string[];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came of a load. */
export interface Outcome {
  readonly requests: number;
  /** How many were not answered with 200. */
  readonly failed: number;
  /** Requests a second. */
  readonly rate: number;
  /** From when each was sent to its answer, in ms. In the open loop none waits for another to be answered. */
  readonly latencies: readonly number[];
}

/** Sends requests for `seconds`: so many a second whatever becomes of them, or with rate 0 in a closed loop. */
export type Load = (rate: number, seconds: number) => Promise<Outcome>;

/**
 * Makes loads by vegeta, which others wrote: it starts each request when it is due, on a connection of its own when all others wait.
 *
 * @returns undefined when there is neither a vegeta on the PATH nor a Go to build it with.
 */
export async function loader(): Promise<((requests: Requests) => Promise<Load>) | undefined> {
  const vegeta = onPath('vegeta') ?? (await goProgram('vegeta'));
  if (vegeta === undefined) return undefined;
  return async (requests) => {
    const folder = privateFolder();
    const targets = join(folder, 'targets');
    const results = join(folder, 'results');
    await writeFile(targets, requests.hosts.map((host) => target(requests, host)).join('\n'));
    return async (rate, seconds) => {
      const pace =
        rate === 0 ? ['-rate=0', `-workers=${CLOSED_LOOP}`, `-max-workers=${CLOSED_LOOP}`] : [`-rate=${rate}/1s`];
      await runProgram({
        name: 'vegeta attack',
        command: vegeta,
        args: ['attack', `-targets=${targets}`, `-duration=${seconds}s`, ...pace, '-max-body=0', `-output=${results}`],
        env: process.env,
      });
      const encode = { name: 'vegeta encode', command: vegeta, args: ['encode', '-to=csv', results], env: process.env };
      const { stdout } = await runProgram(encode);
      return outcome(stdout.entries);
    };
  };
}

function target({ port, path, headers = {} }: Requests, host: string): string {
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\n`);
  return `GET http://127.0.0.1:${port}${path}\n${lines.join('')}`;
}

/** @param lines when it was sent and for how long it took, in ns, the status between them. */
function outcome(lines: readonly string[]): Outcome {
  const latencies: number[] = [];
  let [first, last, failed] = [Number.POSITIVE_INFINITY, 0, 0];
  for (const line of lines) {
    const [sent, status, took] = line.split(',', 3).map(Number);
    if (sent === undefined || took === undefined) throw new Error(`vegeta's result is not understood: ${line}`);
    if (status !== 200) failed += 1;
    latencies.push(took / 1e6);
    first = Math.min(first, sent);
    last = Math.max(last, sent + took);
  }
  return { requests: lines.length, failed, rate: (lines.length * 1e9) / (last - first), latencies };
}
