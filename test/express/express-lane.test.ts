import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExpressLane } from '../../src/express/express-lane.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';
import type { Held } from '../../src/processor/secret-discovery.ts';
import { SecretError } from '../../src/secrets/secret-error.ts';
import { SecretStore } from '../../src/secrets/secret-store.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import { noTokens } from '../credentials/support.ts';
import { soon } from '../support/deadline.ts';

const MINUTE = 60_000;
const FRESHNESS = { refreshAfter: MINUTE, maxStale: 60 * MINUTE };
const NOTHING: Held = { version: '', isOwn: false, askedAt: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
});
afterEach(() => vi.useRealTimers());

/** One process with an integration in the express lane, whose secret the test sets. */
async function laneOf({ lane = 'lane: express' } = {}) {
  const { catalogue } = parseCatalogue(
    'test.yaml',
    `integrations:\n- { integration: api, host: api.example.com, secret: prod/api, bearer: "{{ . }}", ${lane} }\n`,
  );
  const aws = { id: 'v1', failure: undefined as 'throttled' | 'access_denied' | undefined };
  const reads: number[] = [];
  const fetch = async (id: string) => {
    reads.push(performance.now());
    if (aws.failure !== undefined) throw new SecretError(id, aws.failure, '');
    return new SecretVersion(aws.id, `key of ${aws.id}`);
  };
  const secrets = new SecretStore({ fetch }, FRESHNESS, () => undefined);
  await secrets.hold(catalogue);
  const express = new ExpressLane({
    catalogue: () => catalogue,
    secrets,
    tokens: noTokens(),
    fetchDeadline: 2_000,
    maxStale: FRESHNESS.maxStale,
    key: Buffer.alloc(32, 1),
    rejected: () => undefined,
  });
  const choice = secrets.choice({ name: 'api', secretId: 'prod/api' });
  /** What an Envoy gets that has something, as the words of it. */
  const push = (held: Partial<Held> = {}) => {
    const pushed = express.pushed('api', { ...NOTHING, ...held });
    return pushed && { version: pushed.version, words: pushed.value.toString().split(' ') };
  };
  return { aws, reads, secrets, express, choice, push };
}

describe('what Envoy is given for an integration in the express lane', () => {
  it('is the header with all that Attaché looks at before it answers', async () => {
    const { push } = await laneOf();

    expect(push()?.words).toEqual([
      '1',
      String(Math.floor(Date.now() / 1_000) + 3_600),
      ...['api', 'api.example.com', '-', 'prod/api', 'v1', '-', 'accesstoken,apikey,privatetoken', 'authorization'],
      ...['Bearer', 'key', 'of', 'v1'],
    ]);
  });

  it('says nothing of the value where it says which one it is', async () => {
    const { push } = await laneOf();

    expect(push()?.version).toMatch(/^v1\.\d+\.[0-9a-f]{16}$/);
  });

  it('ends when the secret has not been checked for as long as it may be', async () => {
    const { aws, push } = await laneOf();
    const before = Number(push()?.words[1]);
    aws.failure = 'throttled';

    await vi.advanceTimersByTimeAsync(30 * MINUTE);

    expect(Number(push()?.words[1])).toBe(before);
    await vi.advanceTimersByTimeAsync(31 * MINUTE);
    expect(push({ version: 'v1.1.00', isOwn: true })).toBeUndefined();
  });

  it('is sent again only when that prolongs it by a tenth of the longest age', async () => {
    const { push } = await laneOf();
    const version = push()?.version ?? '';

    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(push({ version, isOwn: true })).toBeUndefined();

    await vi.advanceTimersByTimeAsync(3 * MINUTE);
    expect(Number(push({ version, isOwn: true })?.words[1])).toBeGreaterThan(Number(version.split('.')[1]) + 360);
  });

  it('is sent again when another version is current', async () => {
    const { aws, push } = await laneOf();
    const version = push()?.version ?? '';
    aws.id = 'v2';

    await vi.advanceTimersByTimeAsync(MINUTE);

    expect(push({ version, isOwn: true })?.words).toContain('v2');
  });
});

describe('an Envoy is told to ask about each request', () => {
  it('where the integration has not asked for the lane, and where there is none', async () => {
    const { express, push } = await laneOf({ lane: 'lane: ext_proc' });

    expect(push()?.words).toEqual(['-']);
    expect(express.pushed('other', NOTHING)?.value.toString()).toBe('-');
  });

  it('once, and again when it comes back', async () => {
    const { push } = await laneOf({ lane: 'lane: ext_proc' });

    expect(push({ version: '-' })).toBeUndefined();
    expect(push({ version: 'v1.1.00' })?.words).toEqual(['-']);
  });

  it('while refusals are being looked into, and no longer', async () => {
    const { choice, push } = await laneOf();
    const { version } = push() ?? { version: '' };

    await choice.next(['v1'], soon());

    expect(push({ version, isOwn: true })?.words).toEqual(['-']);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(push({ version: '-', isOwn: true })?.words).toContain('v1');
  });

  it('and takes refusals after that for news, since nobody has told of the requests in between', async () => {
    const { choice, push } = await laneOf();
    for (let count = 0; count < 20; count += 1) {
      await choice.next(['v1'], soon());
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(choice.hopeless).toBe(true);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(push()?.words).toContain('v1');

    await choice.next(['v1'], soon());

    expect(choice.hopeless).toBe(false);
  });

  it('when AWS has taken the secret away', async () => {
    const { aws, push } = await laneOf();
    const { version } = push() ?? { version: '' };
    aws.failure = 'access_denied';

    await vi.advanceTimersByTimeAsync(10 * MINUTE);

    expect(push({ version, isOwn: true })?.words).toEqual(['-']);
  });

  it('while AWS cannot be reached and nobody has given it anything; what another process gave, it keeps', async () => {
    const { aws, secrets, push } = await laneOf();
    aws.failure = 'throttled';
    secrets.close();
    await secrets.hold(
      parseCatalogue(
        'test.yaml',
        'integrations:\n- { integration: api, host: api.example.com, secret: prod/api, bearer: "{{ . }}", lane: express }\n',
      ).catalogue,
    );

    expect(push()?.words).toEqual(['-']);
    expect(push({ version: 'v1.9999999999.00' })).toBeUndefined();
  });
});

describe('an Envoy that comes from another process', () => {
  it('gets no other version before AWS was asked which one is current', async () => {
    const { aws, reads, express, push } = await laneOf();
    aws.id = 'v2';
    await vi.advanceTimersByTimeAsync(1_000);
    const count = reads.length;
    const held = { version: 'v2.9999999999.00', isOwn: false, askedAt: express.now() };

    // This one still has v1.
    expect(push(held)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10);

    expect(reads.length).toBe(count + 1);
    expect(push(held)?.words).toContain('v2');
  });

  it('gets the older one when that is the one that AWS calls current', async () => {
    const { express, push } = await laneOf();
    await vi.advanceTimersByTimeAsync(1_000);
    const held = { version: 'v2.9999999999.00', isOwn: false, askedAt: express.now() };

    expect(push(held)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10);

    expect(push(held)?.words).toContain('v1');
  });

  it('gets nothing when it has the same, whoever gave it', async () => {
    const one = await laneOf();
    const two = await laneOf();

    expect(two.push({ version: one.push()?.version ?? '' })).toBeUndefined();
  });
});
