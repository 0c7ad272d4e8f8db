import { type ChildProcess, fork } from 'node:child_process';

/** What a process may take. */
export interface ChildLimits {
  /** In ms. */
  readonly time: number;
  /** In MiB, for what JavaScript makes. */
  readonly memory: number;
}

/** Many times what 5,000 integrations take: 60 s and 1,024 MiB. */
export const CHILD_LIMITS: ChildLimits = { time: 60_000, memory: 1_024 };

/** A process did not do its work. The message is a sentence without a subject: `took longer than 60 s`. */
export class ChildError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChildError';
  }
}

/** Where processes of one program and memory are kept between two pieces of work. */
export interface ChildKeeper {
  /** A process that has nothing to do; undefined when there is none. */
  take(): ChildProcess | undefined;
  /** Takes one back that has done its work. */
  keep(child: ChildProcess): void;
}

/**
 * Has a program do work in a process of its own: it gets one message and sends one back, as {@link answerParent} does. The process
 * is gone afterwards, unless it has done its work and there is a keeper for it. A thread would cost less, but one that runs out of
 * memory can end the whole process with it.
 *
 * @param signal gives the work up.
 * @param keeper where the process comes from, if there is one, and goes to. Default: it is a new one.
 * @throws ChildError (rejects with it) when the process passes a limit, fails, ends without a result or is given up.
 */
export async function inChild<Result>(
  program: URL | string,
  data: unknown,
  { time, memory }: ChildLimits = CHILD_LIMITS,
  signal?: AbortSignal,
  keeper?: ChildKeeper,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const fail = (sentence: string) => reject(new ChildError(sentence));
  const giveUp = () => fail('was given up');
  if (signal?.aborted === true) giveUp();
  const timer = setTimeout(() => fail(`took longer than ${time / 1_000} s`), time);
  signal?.addEventListener('abort', giveUp, { once: true });
  const hear = (message: unknown) => {
    const answer = message as Answer<Result>;
    if ('failure' in answer) fail(`failed inside (${answer.failure})`);
    else resolve(answer.result);
  };
  const failed = (error: Error) => fail(`failed (${error.message})`);
  const closed = (code: number | null, how: NodeJS.Signals | null) =>
    fail(`ended without a result (${how ?? `code ${code}`}); it may take ${memory} MiB`);
  let child: ChildProcess | undefined;
  try {
    child = keeper?.take() ?? forkChild(program, memory);
    child.on('message', hear).on('error', failed).on('close', closed);
    child.send(data as object);
    const result = await promise;
    if (keeper !== undefined) {
      child.off('message', hear).off('error', failed).off('close', closed);
      keeper.keep(child);
      child = undefined;
    }
    return result;
  } catch (error) {
    if (error instanceof ChildError) throw error;
    throw new ChildError(`failed (${error instanceof Error ? error.message : 'unknown error'})`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    child?.kill('SIGKILL');
  }
}

/** Starts a process for {@link inChild}: it loads the program and waits for a message. */
export function forkChild(program: URL | string, memory: number): ChildProcess {
  const { NODE_COMPILE_CACHE } = process.env;
  return fork(program, [], {
    execArgv: [`--max-old-space-size=${memory}`],
    // Of the environment, where credentials may stand, it needs only where compiled code is kept.
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** What the process sends back. */
type Answer<Result> = { readonly result: Result } | { readonly failure: string };

/** The other side of {@link inChild}: works on each message that comes, and sends the result. */
export function answerParent<Data, Result>(work: (data: Data) => Result | Promise<Result>): void {
  process.on('message', async (data) => {
    process.send?.(await answerOf(() => work(data as Data)));
  });
}

async function answerOf<Result>(work: () => Result | Promise<Result>): Promise<Answer<Result>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : 'unknown error' };
  }
}
