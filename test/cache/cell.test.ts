import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cell } from '../../src/cache/cell.ts';
import type { RefreshNews } from '../../src/cache/refresh.ts';
import { type FailureReason, SecretError } from '../../src/secrets/secret-error.ts';
import { soon } from '../support/deadline.ts';

interface Value {
  readonly id: string;
}

/** A source whose answers the test gives by hand. */
function scripted(freshness = { refreshAfter: 60_000, maxStale: 3_600_000 }) {
  const calls: {
    resolve: (id: string) => Promise<void>;
    fail: (reason: FailureReason) => Promise<void>;
    urgent: boolean;
  }[] = [];
  const events: RefreshNews<Value, SecretError>['kind'][] = [];
  const flush = () => vi.advanceTimersByTimeAsync(0).then(() => undefined);
  const cell = new Cell<Value, SecretError>(
    {
      load: (urgent) => {
        const { promise, resolve, reject } = Promise.withResolvers<Value>();
        calls.push({
          urgent,
          resolve: (id) => {
            resolve({ id });
            return flush();
          },
          fail: (reason) => {
            reject(new SecretError('prod/x', reason, ''));
            return flush();
          },
        });
        return promise;
      },
      same: (a, b) => a.id === b.id,
      notify: ({ kind }) => events.push(kind),
      failure: (cause) => cause as SecretError,
      late: () => new SecretError('prod/x', 'timeout', ''),
    },
    freshness,
  );
  const call = (index: number) => {
    const it = calls[index];
    if (it === undefined) throw new Error(`no call ${index}`);
    return it;
  };
  return { cell, calls, call, events };
}

/** What a get gives, or why it fails. */
async function outcome(get: () => unknown): Promise<unknown> {
  try {
    return await get();
  } catch (error) {
    return (error as SecretError).reason;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a cell', () => {
  it('reads once for however many ask at the same time', async () => {
    const { cell, calls, call } = scripted();
    const askers = Array.from({ length: 500 }, () => cell.get(soon()));

    await call(0).resolve('v1');

    expect(await Promise.all(askers)).toEqual(Array(500).fill({ id: 'v1' }));
    expect(calls).toHaveLength(1);
    expect(call(0).urgent).toBe(true);
  });

  it('answers in the same turn when it holds a value', async () => {
    const { cell, call } = scripted();
    cell.readAhead();
    await call(0).resolve('v1');

    expect(cell.get(soon())).toEqual({ id: 'v1' });
    expect(cell.state).toBe('fresh');
  });

  it('checks in the background before the value is refreshAfter old, and keeps answering meanwhile', async () => {
    const { cell, calls, call, events } = scripted();
    cell.readAhead();
    await call(0).resolve('v1');

    await vi.advanceTimersByTimeAsync(60_000);

    expect(calls).toHaveLength(2);
    expect(call(1).urgent).toBe(false);
    expect(cell.get(soon())).toEqual({ id: 'v1' });
    expect(cell.state).toBe('stale');

    await call(1).resolve('v2');

    expect(cell.get(soon())).toEqual({ id: 'v2' });
    expect(events).toEqual(['loaded', 'loaded']);
  });

  it('keeps the very same object while the version does not change', async () => {
    const { cell, call, events } = scripted();
    cell.readAhead();
    await call(0).resolve('v1');
    const before = cell.get(soon());

    await vi.advanceTimersByTimeAsync(60_000);
    await call(1).resolve('v1');

    expect(cell.get(soon())).toBe(before);
    expect(events).toEqual(['loaded', 'confirmed']);
  });

  it('lets each asker wait for its own deadline, and keeps an answer that comes later', async () => {
    const { cell, calls, call } = scripted();
    const early = outcome(() => cell.get(soon()));
    await vi.advanceTimersByTimeAsync(1_500);
    const late = outcome(() => cell.get(soon()));
    await vi.advanceTimersByTimeAsync(600);

    expect(await early).toBe('timeout');
    await call(0).resolve('v1');

    expect(await late).toEqual({ id: 'v1' });
    expect(calls).toHaveLength(1);
  });

  it('serves a value until it is maxStale old, counted from the last check that succeeded, then refuses', async () => {
    const { cell, calls } = scripted({ refreshAfter: 60_000, maxStale: 600_000 });
    cell.readAhead();
    await calls[0]?.resolve('v1');
    const refuse = async () => {
      await calls.at(-1)?.fail('throttled');
    };

    for (let second = 0; second < 599; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      await refuse();
      expect(cell.peek()).toEqual({ id: 'v1' });
    }
    await vi.advanceTimersByTimeAsync(2_000);

    expect(cell.peek()).toBeUndefined();
    expect(cell.state).toBe('dead');
  });

  it('does not ask again for a second after a failure, then asks because a request needs it', async () => {
    const { cell, calls, call } = scripted();
    const first = outcome(() => cell.get(soon()));
    await call(0).fail('network');
    expect(await first).toBe('network');

    expect(await outcome(() => cell.get(soon()))).toBe('network');
    expect(calls).toHaveLength(1);
    expect(cell.retryAfter).toBeGreaterThan(0);

    await vi.advanceTimersByTimeAsync(1_000);
    const again = cell.get(soon());
    await call(calls.length - 1).resolve('v1');

    expect(await again).toEqual({ id: 'v1' });
  });

  it('does not ask again for ten seconds when the secret is not there', async () => {
    const { cell, calls, call } = scripted();
    const first = outcome(() => cell.get(soon()));
    await call(0).fail('secret_not_found');
    await first;

    await vi.advanceTimersByTimeAsync(9_900);
    expect(await outcome(() => cell.get(soon()))).toBe('secret_not_found');

    expect(calls).toHaveLength(1);
  });

  it('keeps a value through refusals that do not last, and purges it after three of them in thirty seconds', async () => {
    const { cell, calls, events } = scripted();
    cell.readAhead();
    await calls[0]?.resolve('v1');
    await vi.advanceTimersByTimeAsync(60_000);
    await calls[1]?.fail('access_denied');
    await vi.advanceTimersByTimeAsync(5_000);
    await calls[2]?.fail('access_denied');

    expect(cell.peek()).toEqual({ id: 'v1' });

    for (let refusals = 3; events.at(-1) !== 'purged' && refusals < 10; refusals += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      await calls[refusals]?.fail('access_denied');
    }

    expect(events).toContain('purged');
    expect(cell.peek()).toBeUndefined();
    expect(await outcome(() => cell.get(soon()))).toBe('access_denied');
  });

  it('forgets refusals when a check succeeds in between', async () => {
    const { cell, calls, events } = scripted();
    cell.readAhead();
    await calls[0]?.resolve('v1');
    for (let round = 0; round < 6; round += 1) {
      await vi.advanceTimersByTimeAsync(60_000);
      await calls.at(-1)?.fail('access_denied');
      await vi.advanceTimersByTimeAsync(5_000);
      await calls.at(-1)?.resolve('v1');
    }

    expect(events).not.toContain('purged');
    expect(cell.peek()).toEqual({ id: 'v1' });
  });

  it('does nothing any more once it is closed', async () => {
    const { cell, calls, call, events } = scripted();
    cell.readAhead();
    cell.close();
    await call(0).resolve('v1');
    await vi.advanceTimersByTimeAsync(3_600_000);

    expect(cell.peek()).toBeUndefined();
    expect(calls).toHaveLength(1);
    expect(events).toEqual([]);
  });
});
