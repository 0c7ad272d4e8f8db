import { Worker } from 'node:worker_threads';

/** What a thread may take. */
export interface ThreadLimits {
  /** In ms. */
  readonly time: number;
  /** In MiB, what it is given not counted. */
  readonly memory: number;
}

/** Many times what 5,000 integrations take: 60 s and 1,024 MiB. */
export const THREAD_LIMITS: ThreadLimits = { time: 60_000, memory: 1_024 };

/** A thread did not do its work. The message is a sentence without a subject: `took longer than 60 s`. */
export class ThreadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ThreadError';
  }
}

/**
 * Has a program do work in a thread of its own: it reads `workerData`, and posts one message, the result. The thread is gone
 * afterwards, however it went.
 *
 * @param signal gives the work up.
 * @throws ThreadError (rejects with it) when the thread passes a limit, fails, ends without a result or is given up.
 */
export async function inThread<Result>(
  program: URL,
  data: unknown,
  { time, memory }: ThreadLimits = THREAD_LIMITS,
  signal?: AbortSignal,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const giveUp = () => reject(new ThreadError('was given up'));
  const timer = setTimeout(() => reject(new ThreadError(`took longer than ${time / 1_000} s`)), time);
  signal?.addEventListener('abort', giveUp, { once: true });
  let thread: Worker | undefined;
  try {
    signal?.throwIfAborted();
    thread = new Worker(program, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: memory } });
    thread.once('message', resolve);
    thread.once('messageerror', () => reject(new ThreadError('gave no result that can be read')));
    thread.once('error', (error) => reject(new ThreadError(failureOf(error, memory))));
    thread.once('exit', () => reject(new ThreadError('ended without a result')));
    return await promise;
  } catch (error) {
    throw error instanceof ThreadError ? error : new ThreadError(failureOf(error, memory));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    // Its end need not be waited for: nothing that it still does is listened to.
    thread?.terminate().catch(() => undefined);
  }
}

function failureOf(error: unknown, memory: number): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return `took more than ${memory} MiB of memory`;
  return `failed inside (${error instanceof Error ? error.message : 'unknown error'})`;
}
