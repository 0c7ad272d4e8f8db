/** What came of a load. */
export interface LoadResult {
  readonly count: number;
  /** How often each status, or each error's message, came back. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from the moment a request was due to its answer, at a share of requests such as 0.99. */
  percentile(share: number): number;
}

/**
 * Sends requests at a fixed rate, whether earlier ones have been answered or not, and waits for all answers. A request that
 * could not be sent in time counts from when it was due, so a stall is seen in every request that it delays.
 *
 * @param options.rate requests a second.
 * @param options.until ends the sending: a number of seconds, or a signal.
 * @param send sends one request and returns the status; its number counts from 0.
 */
export async function openLoop(
  options: { readonly rate: number; readonly until: number | AbortSignal },
  send: (index: number) => Promise<number>,
): Promise<LoadResult> {
  const began = performance.now();
  const isOver = () =>
    typeof options.until === 'number' ? performance.now() - began >= options.until * 1_000 : options.until.aborted;
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();

  const one = async (index: number, due: number) => {
    const outcome = await send(index).catch((error: Error) => error.message);
    latencies.push(performance.now() - due);
    statuses[outcome] = (statuses[outcome] ?? 0) + 1;
  };
  for (let index = 0; !isOver(); ) {
    while (began + (index * 1_000) / options.rate <= performance.now()) {
      const request = one(index, began + (index * 1_000) / options.rate);
      underWay.add(request);
      void request.then(() => underWay.delete(request));
      index += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(underWay);

  latencies.sort((a, b) => a - b);
  return {
    count: latencies.length,
    statuses,
    percentile: (share) =>
      latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN,
  };
}
