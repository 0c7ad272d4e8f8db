/** How often in a second something is worked out anew, at most. */
const TIMES_A_SECOND = 10;

/**
 * The function, run ten times in a second at most and once at a time, however often it is asked. Who asks more often gets what was
 * worked out last.
 */
export function atMostTenASecond<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  let isRunning = false;
  let second = Number.NEGATIVE_INFINITY;
  let times = 0;
  return () => {
    const now = performance.now();
    if (now - second >= 1_000) {
      second = now;
      times = 0;
    }
    if (last === undefined || (!isRunning && times < TIMES_A_SECOND)) {
      times += 1;
      isRunning = true;
      last = work().finally(() => {
        isRunning = false;
      });
    }
    return last;
  };
}
