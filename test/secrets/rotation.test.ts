import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../src/secrets/secret.ts';
import { SecretError } from '../../src/secrets/secret-error.ts';
import type { SecretNews } from '../../src/secrets/secret-machine.ts';
import type { SecretUse } from '../../src/secrets/secret-use.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import type { ReadOptions } from '../../src/secrets/secrets-manager.ts';
import { VersionChoice } from '../../src/secrets/version-choice.ts';
import { soon } from '../support/deadline.ts';

const FRESHNESS = { refreshAfter: 60_000, maxStale: 3_600_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A secret whose labels the test moves, and an integration that uses it. */
async function rotating(use: Partial<SecretUse> = {}) {
  const labels: Record<string, string | undefined> = { AWSCURRENT: 'old' };
  const born = Date.now() - 3_600_000;
  const reads: string[] = [];
  const fetch = async (id: string, _urgent: boolean, { stage = 'AWSCURRENT' }: ReadOptions = {}) => {
    reads.push(stage);
    const version = labels[stage];
    if (version === undefined) throw new SecretError(id, 'secret_not_found', '');
    return new SecretVersion(version, `key of ${version}`, { createdAt: born });
  };
  const events: SecretNews[] = [];
  const secret = new Secret('prod/x', { fetch }, FRESHNESS, (news) => {
    if (news.kind === 'learnt' || news.kind === 'kept') events.push(news);
  });
  const integration = {
    name: 'x',
    secretId: 'prod/x',
    replicas: [],
    rotation: { pending: true, previous: true },
    accepts: () => true,
    ...use,
  };
  await secret.configure([integration]);
  const rotation = new VersionChoice('x', secret);

  /** One request: which versions it carries until `takes` takes one; two retries at most, as envoy.yaml has it. */
  const request = async (takes: (version: string) => boolean): Promise<string[]> => {
    const tried: string[] = [(await rotation.first(soon())).id];
    while (!takes(tried.at(-1) ?? '') && tried.length < 3) {
      await vi.advanceTimersByTimeAsync(2);
      tried.push((await rotation.next(tried, soon())).id);
    }
    return tried;
  };
  /** Requests at a steady rate, one after the other. */
  const load = async (count: number, takes: (version: string, index: number) => boolean): Promise<string[][]> => {
    const results: string[][] = [];
    for (let index = 0; index < count; index += 1) {
      results.push(await request((version) => takes(version, index)));
      await vi.advanceTimersByTimeAsync(10);
    }
    return results;
  };
  return { labels, reads, events, secret, rotation, request, load };
}

describe('a rotation in which the old key is refused at once', () => {
  it('is over for every request with its second attempt', async () => {
    const { labels, request } = await rotating();
    labels.AWSCURRENT = 'new';
    labels.AWSPREVIOUS = 'old';

    expect(await request((version) => version === 'new')).toEqual(['old', 'new']);
    expect(await request((version) => version === 'new')).toEqual(['new']);
  });

  it('costs one read for however many requests are refused together', async () => {
    const { labels, reads, rotation } = await rotating();
    labels.AWSCURRENT = 'new';
    reads.length = 0;
    await vi.advanceTimersByTimeAsync(1);

    const versions = await Promise.all(Array.from({ length: 500 }, () => rotation.next(['old'], soon())));

    expect(new Set(versions.map(({ id }) => id))).toEqual(new Set(['new']));
    expect(reads).toEqual(['AWSCURRENT']);
  });
});

describe('a rotation in which the destination switches first', () => {
  it('finds the key that is pending', async () => {
    const { labels, request } = await rotating();
    labels.AWSPENDING = 'new';

    expect(await request((version) => version === 'new')).toEqual(['old', 'new']);
  });

  it('learns it, so that only the first requests pay for a second attempt', async () => {
    const { labels, load, events } = await rotating();
    labels.AWSPENDING = 'new';

    const requests = await load(200, (version) => version === 'new');

    expect(requests.every((tried) => tried.at(-1) === 'new')).toBe(true);
    expect(requests.slice(50).every((tried) => tried.length === 1)).toBe(true);
    expect(events).toEqual([{ kind: 'learnt', use: 'x', id: 'new' }]);
  });

  it('goes on without a second attempt when the label moves', async () => {
    const { labels, load } = await rotating();
    labels.AWSPENDING = 'new';
    await load(100, (version) => version === 'new');

    labels.AWSCURRENT = 'new';
    labels.AWSPENDING = undefined;
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await load(3, (version) => version === 'new')).toEqual([['new'], ['new'], ['new']]);
  });
});

describe('a rotation in which the destination lags behind', () => {
  it('goes back to the previous key, learns it, and leaves it when the destination follows', async () => {
    const { labels, load, events } = await rotating();
    labels.AWSCURRENT = 'new';
    await vi.advanceTimersByTimeAsync(60_000);

    const before = await load(200, (version) => version === 'old');
    const after = await load(200, (version) => version === 'new');

    expect(before.every((tried) => tried.at(-1) === 'old')).toBe(true);
    expect(before.slice(50).every((tried) => tried.length === 1)).toBe(true);
    expect(after.every((tried) => tried.at(-1) === 'new')).toBe(true);
    expect(after.slice(50).every((tried) => tried.length === 1)).toBe(true);
    expect(events).toEqual([
      { kind: 'learnt', use: 'x', id: 'old' },
      { kind: 'learnt', use: 'x', id: 'new' },
    ]);
  });

  it('finds the previous key in AWS when Attaché was started after the rotation', async () => {
    const fetch = async (_: string, __: boolean, { stage = 'AWSCURRENT' }: ReadOptions = {}) =>
      new SecretVersion(stage === 'AWSPREVIOUS' ? 'old' : 'new', 'key', { createdAt: Date.now() - 60_000 });
    const secret = new Secret('prod/x', { fetch }, FRESHNESS, () => undefined);
    const use = { name: 'x', secretId: 'prod/x', replicas: [], accepts: () => true };
    await secret.configure([{ ...use, rotation: { pending: false, previous: true } }]);

    expect((await new VersionChoice('x', secret).next(['new'], soon())).id).toBe('old');
  });

  it('leaves the previous key ten minutes after the rotation, also when it was learnt late', async () => {
    const { labels, load, rotation, events } = await rotating();
    labels.AWSCURRENT = 'new';
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.advanceTimersByTimeAsync(500_000);
    await load(100, (version) => version === 'old');
    expect(events).toEqual([{ kind: 'learnt', use: 'x', id: 'old' }]);
    expect((await rotation.first(soon())).id).toBe('old');

    await vi.advanceTimersByTimeAsync(100_000);

    expect((await rotation.first(soon())).id).toBe('new');
  });

  it('has no previous key any more ten minutes after the rotation', async () => {
    const { labels, request } = await rotating();
    labels.AWSCURRENT = 'new';
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.advanceTimersByTimeAsync(600_000);

    expect(await request((version) => version === 'old')).toEqual(['new', 'new', 'new']);
  });
});

describe('a refusal that has nothing to do with the key', () => {
  it('of one path in ten changes nothing for the others', async () => {
    const { labels, load, events } = await rotating();
    labels.AWSPENDING = 'not yet taken';
    const takes = (version: string, index: number) => index % 10 !== 0 && version === 'old';

    const requests = await load(2_000, takes);

    expect(requests.filter((_, index) => index % 10 !== 0).every((tried) => tried.length === 1)).toBe(true);
    expect(events).toEqual([]);
  });

  it('of every request changes nothing either, and the last answer stands', async () => {
    const { labels, load, events } = await rotating();
    labels.AWSPENDING = 'pending';

    const requests = await load(300, () => false);

    expect(requests.every((tried) => tried.join() === 'old,pending,old')).toBe(true);
    expect(events).toEqual([]);
  });

  it('makes few calls to AWS, also when it goes on for ten minutes', async () => {
    const { reads, rotation } = await rotating();
    reads.length = 0;

    for (let time = 0; time < 600_000; time += 100) {
      await rotation.first(soon());
      await rotation.next(['old'], soon());
      await vi.advanceTimersByTimeAsync(100);
    }

    // The budget's: two a second for ten seconds, then half as often each time, then one a minute. Each looks for a pending version too.
    const checks = reads.filter((stage) => stage === 'AWSPENDING').length;
    expect(checks).toBeLessThanOrEqual(22 + 7 + 10);
    // And the background's own, every 48 to 60 seconds.
    expect(reads.length).toBeLessThanOrEqual(2 * checks + 14);
  });
});

describe('a key that is wrong, with no other to try', () => {
  it('is soon not tried again, until the secret may be checked again', async () => {
    const { rotation, load } = await rotating();
    const isRetried: boolean[] = [];

    await load(3_000, () => {
      isRetried.push(!rotation.hopeless);
      return false;
    });

    const late = isRetried.slice(-1_000);
    expect(late.filter(Boolean).length).toBeLessThan(10);
  });

  it('is tried again as soon as the secret changes', async () => {
    const { labels, rotation, load } = await rotating();
    await load(3_000, () => false);
    labels.AWSCURRENT = 'new';
    await vi.advanceTimersByTimeAsync(60_000);

    expect(rotation.hopeless).toBe(false);
    expect(await load(1, (version) => version === 'new')).toEqual([['new']]);
  });
});

describe('what a route switches off', () => {
  it.each([
    [{ pending: false, previous: true }, ['current', 'old', 'current']],
    [{ pending: true, previous: false }, ['current', 'pending', 'current']],
    [{ pending: false, previous: false }, ['current', 'current', 'current']],
    [{ pending: true, previous: true }, ['current', 'pending', 'old']],
  ])('is not tried: %j', async (rotation, expected) => {
    const { labels, request } = await rotating({ rotation });
    labels.AWSCURRENT = 'current';
    labels.AWSPENDING = 'pending';
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await request(() => false)).toEqual(expected);
  });
});

describe('a new version that lacks what the integration needs', () => {
  it('does not take the place of the good one, which is used until it would be too old', async () => {
    const { labels, rotation, events } = await rotating({ accepts: (version) => version.id !== 'broken' });
    labels.AWSCURRENT = 'broken';
    await vi.advanceTimersByTimeAsync(60_000);

    expect((await rotation.first(soon())).id).toBe('old');
    expect(events).toEqual([{ kind: 'kept', use: 'x', id: 'old' }]);

    await vi.advanceTimersByTimeAsync(FRESHNESS.maxStale);
    expect((await rotation.first(soon())).id).toBe('broken');
  });

  it('is forgotten as soon as a good one comes', async () => {
    const { labels, rotation } = await rotating({ accepts: (version) => version.id !== 'broken' });
    labels.AWSCURRENT = 'broken';
    await vi.advanceTimersByTimeAsync(60_000);
    labels.AWSCURRENT = 'mended';
    await vi.advanceTimersByTimeAsync(60_000);

    expect((await rotation.first(soon())).id).toBe('mended');
  });
});
