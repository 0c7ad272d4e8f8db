import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readFromRegions } from '../../src/secrets/read-from-regions.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { type FailureReason, SecretError } from '../../src/secrets/secret-error.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What each Region does: answers with a text, fails for a reason, or never answers. */
type Region = string | { fails: FailureReason } | 'hangs';

function regions(of: Record<string, Region>) {
  const asked: string[] = [];
  const read = (region = 'own'): Promise<string> => {
    asked.push(region);
    const does = of[region];
    if (does === 'hangs') return new Promise(() => undefined);
    if (typeof does === 'string') return Promise.resolve(does);
    return Promise.reject(new SecretError('prod/x', does?.fails ?? 'network', region));
  };
  const result = readFromRegions(undefined, Object.keys(of).slice(1), read).catch(
    (error: SecretError) => `${error.reason} in ${error.detail}`,
  );
  return { asked, result };
}

describe('a secret with replicas', () => {
  it.each<[string, Record<string, Region>, string, string[]]>([
    ['asks its own Region alone when that answers', { own: 'a', other: 'b' }, 'a', ['own']],
    [
      'asks a replica when its own Region cannot be reached',
      { own: { fails: 'network' }, other: 'b' },
      'b',
      ['own', 'other'],
    ],
    [
      'asks a replica when its own Region throttles',
      { own: { fails: 'throttled' }, other: 'b' },
      'b',
      ['own', 'other'],
    ],
    [
      'asks one replica after the other',
      { own: { fails: 'aws_error' }, second: { fails: 'network' }, third: 'c' },
      'c',
      ['own', 'second', 'third'],
    ],
    [
      'takes a verdict of its own Region as final',
      { own: { fails: 'access_denied' }, other: 'b' },
      'access_denied in own',
      ['own'],
    ],
    [
      'takes no verdict from a replica',
      { own: { fails: 'network' }, other: { fails: 'secret_not_found' } },
      'network in own',
      ['own', 'other'],
    ],
    [
      'fails as its own Region does when none answers',
      { own: { fails: 'timeout' }, other: { fails: 'network' } },
      'timeout in own',
      ['own', 'other'],
    ],
  ])('%s', async (_, of, expected, order) => {
    const { asked, result } = regions(of);

    expect(await result).toBe(expected);
    expect(asked).toEqual(order);
  });

  it('asks a replica as well when its own Region is slow', async () => {
    const { asked, result } = regions({ own: 'hangs', second: 'hangs', third: 'c' });
    await vi.advanceTimersByTimeAsync(800);
    expect(asked).toEqual(['own', 'second']);
    await vi.advanceTimersByTimeAsync(800);

    expect(await result).toBe('c');
  });
});

describe('a replica that lags behind', () => {
  const freshness = { refreshAfter: 60_000, maxStale: 3_600_000 };
  const version = (id: string, createdAt: number, fromReplica: boolean) =>
    new SecretVersion(id, 'key', { createdAt, fromReplica });

  async function holding(next: SecretVersion) {
    const reads = [version('new', 2_000, false), next];
    const secret = new Secret('prod/x', { fetch: async () => reads.shift() ?? next }, freshness, () => undefined);
    const use = { name: 'x', secretId: 'prod/x', replicas: ['eu-west-1'], accepts: () => true };
    await secret.configure([{ ...use, rotation: { pending: true, previous: true } }]);
    await vi.advanceTimersByTimeAsync(60_000);
    return secret;
  }

  it('does not bring an older version back, nor count as a check', async () => {
    const secret = await holding(version('old', 1_000, true));

    expect(secret.state.current.value?.id).toBe('new');
    expect(secret.state.current.failure?.reason).toBe('replica_behind');
  });

  it('confirms the version that is held', async () => {
    const secret = await holding(version('new', 2_000, true));

    expect(secret.state.current.failure).toBeUndefined();
  });

  it('brings a newer version', async () => {
    const secret = await holding(version('newer', 3_000, true));

    expect(secret.state.current.value?.id).toBe('newer');
  });
});
