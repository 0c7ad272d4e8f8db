/** How long what was worked out is handed out again, in ms. */
const REUSED_FOR = 100;

/** The function, run ten times a second at most and once at a time, however often it is asked: all who ask get what it gave. */
export function atMostTenASecond<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let doneAt = Number.NEGATIVE_INFINITY;
  let isDone = false;
  return () => {
    if (running === undefined || (isDone && performance.now() - doneAt > REUSED_FOR)) {
      isDone = false;
      running = work().finally(() => {
        isDone = true;
        doneAt = performance.now();
      });
    }
    return running;
  };
}
