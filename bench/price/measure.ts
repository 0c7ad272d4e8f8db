import { cpuOf } from '../support/cpu.ts';
import type { Load, Outcome } from '../support/load.ts';
import { quantile } from '../support/statistics.ts';
import type { Target } from './targets.ts';

/** A target under its load. */
export interface Running extends Target {
  readonly key: string;
  readonly name: string;
  readonly load: Load;
}

/** What one target did in one round. */
export interface Round {
  readonly requests: number;
  readonly failed: number;
  /** Requests a second. */
  readonly rate: number;
  /** CPU a request, in µs. */
  readonly envoy: number;
  readonly server: number;
  /** Latency, in ms. */
  readonly p50: number;
  readonly p99: number;
}

/** What one target did in all rounds at one rate. */
export interface Measured {
  readonly key: string;
  readonly name: string;
  /** In their order: the same place of two targets is the same time. */
  readonly rounds: readonly Round[];
  /** Of all rounds together, in ms. */
  readonly p999: number;
}

/** How long each target is asked before anything counts: its code is compiled meanwhile, in s. */
const WARM_UP = 4;

/** Has every target warm. */
export async function warmUp(targets: readonly Running[]): Promise<void> {
  for (const { load } of targets) await load(0, WARM_UP);
}

/** Measures all targets in turns, so that whatever else the machine does falls on all alike. A round has them in an order of its own. */
export async function measure(
  targets: readonly Running[],
  { rate, rounds, seconds }: { readonly rate: number; readonly rounds: number; readonly seconds: number },
): Promise<Measured[]> {
  const found = targets.map(({ key, name }) => ({ key, name, rounds: [] as Round[], latencies: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const index of shuffled(targets.length)) {
      const target = targets[index] as Running;
      const { latencies, ...result } = await once(target, rate, seconds);
      found[index]?.rounds.push(result);
      found[index]?.latencies.push(...latencies);
    }
  }
  return found.map(({ latencies, ...rest }) => ({ ...rest, p999: quantile(latencies, 0.999) }));
}

async function once({ load, envoyPid, serverPid }: Running, rate: number, seconds: number) {
  const cpu = () => ({ envoy: cpuOf(envoyPid), server: serverPid === undefined ? 0 : cpuOf(serverPid) });
  const before = cpu();
  const outcome = await load(rate, seconds);
  const after = cpu();
  return {
    ...summary(outcome),
    envoy: (after.envoy - before.envoy) / outcome.requests,
    server: (after.server - before.server) / outcome.requests,
    latencies: outcome.latencies,
  };
}

function summary({ requests, failed, rate, latencies }: Outcome) {
  return { requests, failed, rate, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

function shuffled(count: number): number[] {
  const left = Array.from({ length: count }, (_, index) => index);
  return left.map((_, taken) => {
    const at = taken + Math.floor(Math.random() * (count - taken));
    const [here, there] = [left[taken] as number, left[at] as number];
    left[at] = here;
    left[taken] = there;
    return there;
  });
}
