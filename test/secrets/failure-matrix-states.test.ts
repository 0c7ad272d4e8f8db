import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cell } from '../../src/cache/cell.ts';
import { FAILURES, type FailureReason, SecretError } from '../../src/secrets/secret-error.ts';
import { soon } from '../support/deadline.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MAX_STALE = 60 * MINUTE;

interface Row {
  readonly reason: FailureReason;
  readonly isVerdict: boolean;
  /** Seconds between two reads for a cold secret that requests ask for all the time. */
  readonly cold: readonly number[];
  /** Milliseconds from the first failure on for which a warm value is served; or until it is maxStale old. */
  readonly grace: number | 'maxStale';
}

const SOON = [1, 1, 1, 1, 1, 1];
const SLOWER = [10, 20, 40, 60, 60];

const ROWS: readonly Row[] = [
  ...(
    [
      'throttled',
      'aws_error',
      'timeout',
      'network',
      'replica_behind',
      'lease_held',
      'written_too_often',
      'aws_credentials',
    ] as const
  ).map((reason) => ({ reason, isVerdict: false, cold: SOON, grace: 'maxStale' }) as const),
  { reason: 'access_denied', isVerdict: true, cold: SLOWER, grace: 30 * SECOND },
  { reason: 'secret_not_found', isVerdict: true, cold: SLOWER, grace: 30 * SECOND },
  { reason: 'secret_deleted', isVerdict: true, cold: SLOWER, grace: 5 * SECOND },
  { reason: 'undecryptable', isVerdict: true, cold: SLOWER, grace: 5 * MINUTE },
  { reason: 'refused', isVerdict: true, cold: SLOWER, grace: 5 * MINUTE },
  { reason: 'bad_request', isVerdict: true, cold: SLOWER, grace: 'maxStale' },
  { reason: 'unusable_value', isVerdict: true, cold: SLOWER, grace: 'maxStale' },
];

/** A cell whose reads all end at once, well or with `script.reason`. */
function scripted() {
  const script: { reason: FailureReason | undefined } = { reason: undefined };
  const reads: number[] = [];
  const cell = new Cell<{ readonly id: string }, SecretError>(
    {
      load: async () => {
        reads.push(performance.now());
        if (script.reason !== undefined) throw new SecretError('prod/x', script.reason, '');
        return { id: 'v1' };
      },
      same: (a, b) => a.id === b.id,
      notify: () => undefined,
      failure: (cause) => cause as SecretError,
      late: () => new SecretError('prod/x', 'timeout', ''),
    },
    { refreshAfter: MINUTE, maxStale: MAX_STALE },
  );
  return { cell, script, reads };
}

/** What a request gets: a value, or why not. */
async function request(cell: Cell<object, SecretError>): Promise<unknown> {
  try {
    return await cell.get(soon());
  } catch (error) {
    return error;
  }
}

/** A warm cell, in the moment of its first failure. */
async function failing(reason: FailureReason) {
  const { cell, script, reads } = scripted();
  await cell.renew(soon());
  script.reason = reason;
  const before = performance.now();
  await cell.renew(soon());
  return { cell, script, reads, before };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('every reason has its row', () => {
  expect(ROWS.map(({ reason }) => reason).toSorted()).toEqual(Object.keys(FAILURES).toSorted());
});

describe.each(ROWS)('$reason, cold', ({ reason, isVerdict, cold }) => {
  it('refuses at once while it is not asked for again, and says whether it is a verdict', async () => {
    const { cell, script, reads } = scripted();
    script.reason = reason;

    const refusals = [await request(cell), await request(cell), await request(cell)];

    expect(refusals).toEqual(Array(3).fill(expect.objectContaining({ reason })));
    expect((refusals[0] as SecretError).policy.isVerdict).toBe(isVerdict);
    expect(reads).toHaveLength(1);
  });

  it(`is asked for again after ${cold.join(', ')} s while requests come all the time`, async () => {
    const { cell, script, reads } = scripted();
    script.reason = reason;

    while (reads.length <= cold.length) {
      await request(cell);
      await vi.advanceTimersByTimeAsync(100);
    }

    expect(reads.slice(1).map((at, index) => Math.round((at - (reads[index] ?? 0)) / SECOND))).toEqual(cold);
  });

  it('is served again by the first request after that pause', async () => {
    const { cell, script } = scripted();
    script.reason = reason;
    await request(cell);

    script.reason = undefined;
    await vi.advanceTimersByTimeAsync(cell.retryAfter);

    expect(await request(cell)).toEqual({ id: 'v1' });
  });

  it('comes back by itself within a minute, without a request', async () => {
    const { cell, script } = scripted();
    script.reason = reason;
    await request(cell);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);

    script.reason = undefined;
    await vi.advanceTimersByTimeAsync(MINUTE);

    expect(cell.peek()).toEqual({ id: 'v1' });
  });
});

describe.each(ROWS)('$reason, warm', ({ reason, grace }) => {
  it(`is served until ${grace === 'maxStale' ? 'maxStale' : `${grace / SECOND} s after the first failure`}`, async () => {
    const { cell, before } = await failing(reason);
    const end = grace === 'maxStale' ? before + MAX_STALE : before + grace;

    await vi.advanceTimersByTimeAsync(end - performance.now() - 1);
    const last = await request(cell);
    await vi.advanceTimersByTimeAsync(1);
    const first = await request(cell);

    expect(last).toEqual({ id: 'v1' });
    expect(first).toMatchObject({ reason });
  });

  it('asks AWS at least once a minute and at most once in five seconds on average', async () => {
    const { reads } = await failing(reason);
    const before = reads.length;

    await vi.advanceTimersByTimeAsync(10 * MINUTE);

    expect(reads.length - before).toBeGreaterThanOrEqual(10);
    expect(reads.length - before).toBeLessThanOrEqual(120);
  });

  it('forgets its failures with one read that succeeds: the time that is left begins anew', async () => {
    const { cell, script } = await failing(reason);
    const almost = (grace === 'maxStale' ? MAX_STALE : grace) - 1;
    await vi.advanceTimersByTimeAsync(almost);

    script.reason = undefined;
    await cell.renew(soon());
    expect(cell.state).toBe('fresh');
    script.reason = reason;
    await cell.renew(soon());
    await vi.advanceTimersByTimeAsync(almost);

    expect(await request(cell)).toEqual({ id: 'v1' });
  });

  it('comes back without a restart after it was let go of', async () => {
    const { cell, script } = await failing(reason);
    await vi.advanceTimersByTimeAsync(MAX_STALE + MINUTE);
    expect(cell.state).toBe('dead');

    script.reason = undefined;
    await vi.advanceTimersByTimeAsync(MINUTE);

    expect(await request(cell)).toEqual({ id: 'v1' });
  });
});

it('a dead secret is read again within a second of a request, however slow its background checks have become', async () => {
  const { cell, script } = await failing('network');
  await vi.advanceTimersByTimeAsync(MAX_STALE + 30 * SECOND);
  await request(cell);

  script.reason = undefined;
  await vi.advanceTimersByTimeAsync(SECOND);

  expect(await request(cell)).toEqual({ id: 'v1' });
});

it('a read that hung for longer than the pause is repeated by the next request at once', async () => {
  const hung = Promise.withResolvers<{ readonly id: string }>();
  const reads = [() => hung.promise, () => Promise.resolve({ id: 'v1' })];
  const cell = new Cell<{ readonly id: string }, SecretError>(
    {
      load: () => reads.shift()?.() ?? Promise.reject(new Error('a third read')),
      same: (a, b) => a.id === b.id,
      notify: () => undefined,
      failure: (cause) => cause as SecretError,
      late: () => new SecretError('prod/x', 'timeout', ''),
    },
    { refreshAfter: MINUTE, maxStale: MAX_STALE },
  );
  const first = request(cell);
  await vi.advanceTimersByTimeAsync(3 * SECOND);
  hung.reject(new SecretError('prod/x', 'timeout', ''));
  await first;
  await vi.advanceTimersByTimeAsync(0);

  expect(await request(cell)).toEqual({ id: 'v1' });
});

it('refusals close a secret within their grace, though AWS also fails in between', async () => {
  const { cell, script } = await failing('access_denied');

  for (let second = 0; second < 45; second += 1) {
    script.reason = second % 2 === 0 ? 'timeout' : 'access_denied';
    await vi.advanceTimersByTimeAsync(SECOND);
  }

  expect(cell.peek()).toBeUndefined();
});
