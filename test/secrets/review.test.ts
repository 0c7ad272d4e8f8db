import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Deadline } from '../../src/cache/deadline.ts';
import { SecretError } from '../../src/secrets/secret-error.ts';
import type { SecretNews } from '../../src/secrets/secret-machine.ts';
import { SecretStore } from '../../src/secrets/secret-store.ts';
import type { SecretUse } from '../../src/secrets/secret-use.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import type { ReadOptions } from '../../src/secrets/secrets-manager.ts';
import { soon } from '../support/deadline.ts';

const MINUTE = 60_000;
const FRESHNESS = { refreshAfter: MINUTE, maxStale: 60 * MINUTE };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** One secret in AWS, whose labels the test moves, and a store that reads it. */
function labelled(labels: Record<string, string | undefined>) {
  const aws = { labels, isDown: false, hosts: undefined as readonly string[] | undefined, reads: [] as string[] };
  const born = Date.now() - 60 * MINUTE;
  const fetch = async (id: string, _urgent: boolean, { stage = 'AWSCURRENT' }: ReadOptions = {}) => {
    aws.reads.push(stage);
    if (aws.isDown) throw new SecretError(id, 'network', '');
    const version = aws.labels[stage];
    if (version === undefined) throw new SecretError(id, 'secret_not_found', '');
    return new SecretVersion(version, `key of ${version}`, { createdAt: born, hosts: aws.hosts });
  };
  const news: SecretNews[] = [];
  const store = new SecretStore({ fetch }, FRESHNESS, (_, it) => news.push(it));
  return { aws, store, news };
}

function use(more: Partial<SecretUse> = {}): SecretUse {
  const rotation = { pending: true, previous: true };
  return { name: 'x', secretId: 'prod/x', replicas: [], rotation, accepts: () => true, ...more };
}

/** One request with two retries at most: which versions it carries until `takes` takes one. */
async function request(store: SecretStore, name: string, takes: (id: string) => boolean): Promise<string[]> {
  const choice = store.choice(use({ name }));
  const tried = [(await choice.first(soon())).id];
  while (!takes(tried.at(-1) ?? '') && tried.length < 3) {
    await pass(2);
    tried.push((await choice.next(tried, soon())).id);
  }
  return tried;
}

async function outcome(get: () => unknown): Promise<string> {
  try {
    return ((await get()) as SecretVersion).reveal();
  } catch (error) {
    return (error as SecretError).reason;
  }
}

describe('the last good version, kept because the new one is unusable', () => {
  it('has its value for as long as it is used', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'good' });
    await store.hold([use({ accepts: ({ id }) => id !== 'broken' })]);
    aws.labels = { AWSCURRENT: 'broken', AWSPREVIOUS: 'good' };
    await pass(MINUTE);

    for (let minute = 1; minute < 57; minute += 1) {
      expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of good');
      await pass(MINUTE);
    }
  });
});

describe('a reload while AWS cannot be reached', () => {
  it.each([
    ['adds a replica', { replicas: ['eu-west-1'] }],
    ['changes what a rotation may try', { rotation: { pending: false, previous: false } }],
    ['changes nothing', {}],
  ])('that %s leaves a warm value in use', async (_, change) => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    aws.isDown = true;

    await store.hold([use(change), use({ name: 'another' })]);

    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of v1');
    expect(await outcome(() => store.choice(use({ name: 'another' })).first(soon()))).toBe('key of v1');
  });

  it('that asks for the owner’s word uses no value before that is known, and keeps it until it is', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    aws.isDown = true;
    await store.hold([use({ readsHosts: true })]);
    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('network');

    aws.isDown = false;
    aws.hosts = ['api.example.com'];
    await pass(2_000);

    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of v1');
    expect(store.choice(use()).hosts).toEqual(['api.example.com']);
  });

  it('keeps what was learnt of a rotation', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'old', AWSPENDING: 'new' });
    await store.hold([use()]);
    for (let index = 0; index < 60; index += 1) {
      await request(store, 'x', (id) => id === 'new');
      await pass(10);
    }
    aws.isDown = true;

    await store.hold([use()]);

    expect(await request(store, 'x', (id) => id === 'new')).toEqual(['new']);
  });
});

describe('a destination that refuses every version', () => {
  it('is not learnt to take one again and again, and costs AWS a bounded number of reads for ever', async () => {
    const { aws, store, news } = labelled({ AWSCURRENT: 'old' });
    await store.hold([use()]);
    aws.labels = { AWSCURRENT: 'current', AWSPENDING: 'pending', AWSPREVIOUS: 'old' };
    await pass(MINUTE);
    const readsIn = async (ms: number) => {
      aws.reads.length = 0;
      for (const end = performance.now() + ms; performance.now() < end; await pass(50)) {
        await request(store, 'x', () => false);
      }
      return aws.reads.length;
    };

    await readsIn(2 * MINUTE);
    const later = await readsIn(5 * MINUTE);

    expect(news.filter(({ kind }) => kind === 'learnt').length).toBeLessThanOrEqual(4);
    // Once a minute by each of two labels because of refusals, and once in the background; and one time that it was news.
    expect(later).toBeLessThanOrEqual(5 * 3 + 3 * 22);
    expect(await readsIn(5 * MINUTE)).toBeLessThanOrEqual(5 * 3 + 3 * 22);
  });
});

describe('three versions that may be tried', () => {
  it('find the one that is taken, and learn it, also when it would be the last one', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'old' });
    await store.hold([use()]);
    aws.labels = { AWSCURRENT: 'current', AWSPENDING: 'pending', AWSPREVIOUS: 'old' };
    await pass(MINUTE);

    const requests: string[][] = [];
    for (let index = 0; index < 200; index += 1) {
      requests.push(await request(store, 'x', (id) => id === 'old'));
      await pass(10);
    }

    expect(requests.every((tried) => tried.at(-1) === 'old')).toBe(true);
    expect(requests.slice(100).every((tried) => tried.length === 1)).toBe(true);
  });

  it('skip none that is known and was not tried, because the first one lacks a field', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'old' });
    await store.hold([use({ accepts: ({ id }) => id !== 'pending' })]);
    aws.labels = { AWSCURRENT: 'current', AWSPENDING: 'pending', AWSPREVIOUS: 'old' };
    await pass(MINUTE);

    expect(await request(store, 'x', (id) => id === 'old')).toEqual(['current', 'old']);
  });
});

describe('two integrations on one secret', () => {
  it('do not starve each other: who may try the pending version gets it, though the other one asks first and may not', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'old', AWSPENDING: 'new' });
    await store.hold([use({ name: 'without', rotation: { pending: false, previous: true } }), use({ name: 'with' })]);
    await pass(1);
    const asked: string[] = [];

    for (let index = 0; index < 20; index += 1) {
      const both = await Promise.all([
        store.choice(use({ name: 'without' })).next(['old'], soon()),
        store.choice(use({ name: 'with' })).next(['old'], soon()),
      ]);
      asked.push(both[1].id);
      await pass(500);
    }

    expect(new Set(asked)).toEqual(new Set(['new']));
    expect(aws.reads).toContain('AWSPENDING');
  });
});

describe('a machine that was suspended', () => {
  it('uses no value that has grown too old meanwhile', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    aws.isDown = true;
    await pass(MINUTE);
    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of v1');

    // CLOCK_MONOTONIC stands still, and so do timers; the wall clock does not.
    vi.setSystemTime(Date.now() + 2 * 60 * MINUTE);

    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('network');
  });

  it('reads a value anew that has grown stale meanwhile, without waiting for it', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    aws.labels = { AWSCURRENT: 'v2' };
    aws.reads.length = 0;
    vi.setSystemTime(Date.now() + 10 * MINUTE);

    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of v1');
    await pass(0);

    expect(aws.reads).toEqual(['AWSCURRENT']);
    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('key of v2');
  });

  it('takes no value for younger when the wall clock is set back', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    aws.isDown = true;
    vi.setSystemTime(Date.now() - 24 * 60 * MINUTE);

    await pass(61 * MINUTE);

    expect(await outcome(() => store.choice(use()).first(soon()))).toBe('network');
  });
});

describe('a secret that was let go of', () => {
  it('is not read any more, whatever is announced or still under way', async () => {
    const { aws, store } = labelled({ AWSCURRENT: 'v1' });
    await store.hold([use()]);
    store.moved({ arn: 'prod/x', name: 'prod/x', versionId: 'v2' });

    await store.hold([]);
    await pass(1);
    aws.reads.length = 0;
    await pass(10 * MINUTE);

    expect(aws.reads).toEqual([]);
  });
});

describe('what a request waits for', () => {
  it('does not add up: the deadline of the decision holds for a read and the check after it', async () => {
    const hung = new Promise<SecretVersion>(() => undefined);
    let isSlow = false;
    const fetch = async () => (isSlow ? hung : new SecretVersion('v1', 'key', { createdAt: Date.now() - MINUTE }));
    const store = new SecretStore({ fetch }, FRESHNESS, () => undefined);
    await store.hold([use()]);
    isSlow = true;
    await pass(1);
    const waitedFor = async (work: (deadline: Deadline) => Promise<unknown>) => {
      const began = performance.now();
      const done = work(soon()).then(() => performance.now() - began);
      await pass(10_000);
      return done;
    };

    expect(await waitedFor((deadline) => store.choice(use()).next(['v1'], deadline))).toBeLessThanOrEqual(2_001);
  });
});
