import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../admin/status.ts';
import { shortHash } from '../integrations/short-hash.ts';

/** How long to wait for a running Attaché to take an edit over, in ms. */
const PATIENCE = 10_000;

/** How often to ask, in ms. */
const EVERY = 100;

/** How long after Attaché Envoy may take to reject routes, in ms. */
const VERDICT = 500;

/** What became of an edit: taken over by the Attaché that reads the file, refused by it or by Envoy, or not noticed in time. */
export type Outcome =
  | { readonly kind: 'taken' | 'late' }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** An Attaché that reads the file which is to be edited. */
export interface Reader {
  /**
   * Waits until it has taken the file over with this text.
   *
   * @param patience in ms, 10 s unless given.
   */
  takes(text: string, patience?: number): Promise<Outcome>;
}

/**
 * Finds the Attaché that reads a file, wherever and under whichever name: the one that answers by its text.
 *
 * @param admin `host:port` of its admin server.
 * @param text what the file holds now.
 * @returns undefined when nobody answers there, or by another text.
 */
export async function readerOf(admin: string, text: string): Promise<Reader | undefined> {
  const before = await ask(admin);
  if (before === undefined || !answersBy(before, text)) return undefined;
  return {
    async takes(next, patience = PATIENCE) {
      const deadline = performance.now() + patience;
      let takenAt: number | undefined;
      while (performance.now() < deadline) {
        await sleep(EVERY);
        const now = await ask(admin);
        if (now === undefined) continue;
        if (now.config.problems.length > 0) return { kind: 'refused', problems: now.config.problems };
        if (!answersBy(now, next)) continue;
        takenAt ??= performance.now();
        if (performance.now() - takenAt >= VERDICT) return { kind: 'taken' };
      }
      return { kind: 'late' };
    },
  };
}

function answersBy({ workers }: Status, text: string): boolean {
  const versions = new Set(workers.flatMap(({ configuration }) => configuration ?? []));
  return versions.size === 1 && versions.has(shortHash(text));
}

async function ask(admin: string): Promise<Status | undefined> {
  try {
    const response = await fetch(`http://${admin}/api/status`, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? ((await response.json()) as Status) : undefined;
  } catch {
    return undefined;
  }
}
