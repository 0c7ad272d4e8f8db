import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Token } from '../../src/tokens/token.ts';
import { TokenError } from '../../src/tokens/token-error.ts';
import { outcome, scriptedSlot } from './support.ts';

const flush = () => vi.advanceTimersByTimeAsync(0);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => vi.useRealTimers());

/** A slot that holds the token `t1` of version `v1`, with so much life. */
async function holding(lifeMs = 600_000, settlesIn?: number) {
  const it = scriptedSlot(flush, settlesIn);
  const first = it.slot.get(it.useOf());
  await it.call(0).give('t1', lifeMs);
  return { ...it, first: await first };
}

describe('a slot of tokens', () => {
  it('gets one token for all who ask at once, and gives it at once from then on', async () => {
    const { slot, useOf, calls, call } = scriptedSlot(flush);
    const asked = Array.from({ length: 100 }, () => outcome(() => slot.get(useOf())));

    await call(0).give('t1');

    expect(new Set(await Promise.all(asked))).toEqual(new Set(['t1']));
    expect(slot.get(useOf())).not.toBeInstanceOf(Promise);
    expect(calls).toHaveLength(1);
  });

  it('renews a token that is stale in the background, and gives the old one meanwhile', async () => {
    const { slot, useOf, calls, call, first } = await holding();
    slot.get(useOf());

    await pass(541_000);

    expect(calls).toHaveLength(2);
    expect(slot.get(useOf())).toBe(first);
    await call(1).give('t2');
    expect(await outcome(() => slot.get(useOf()))).toBe('t2');
  });

  it('does not renew a token that nobody asks for, until somebody does', async () => {
    const { slot, useOf, calls, call } = await holding();

    await pass(550_000);
    expect(calls).toHaveLength(1);

    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
    expect(calls).toHaveLength(2);
    await call(1).give('t2');
    expect(await outcome(() => slot.get(useOf()))).toBe('t2');
  });

  it('stops asking an endpoint that refuses, once nobody asks for the token', async () => {
    const { slot, useOf, calls, call } = await holding();
    slot.get(useOf());
    await pass(541_000);
    await call(1).fail('refused');

    await pass(3_600_000);

    expect(calls).toHaveLength(2);
  });

  it('gives no token that has expired, but the reason why there is none', async () => {
    const { slot, useOf, call } = await holding(10_000);
    slot.get(useOf());
    await pass(8_100);
    await call(1).fail('endpoint_failed');
    expect(await outcome(() => slot.get(useOf()))).toBe('t1');

    await pass(950);

    expect(slot.status()?.state).toBe('dead');
    const asked = outcome(() => slot.get(useOf()));
    await call(-1).fail('endpoint_failed');
    expect(await asked).toBe('endpoint_failed');
  });

  it('lets a request wait for two seconds; a late token is kept for the next one', async () => {
    const { slot, useOf, call } = scriptedSlot(flush);
    const asked = outcome(() => slot.get(useOf()));

    await pass(2_000);
    expect(await asked).toBe('endpoint_timeout');
    await call(0).give('t1');

    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
  });

  it('drops a token that its endpoint does not stand by: refused three times and for half a minute', async () => {
    const { slot, useOf, call, events } = await holding();
    slot.get(useOf());
    await pass(541_000);
    for (const [index, ms] of [5_000, 10_000, 15_000].entries()) {
      expect(await outcome(() => slot.get(useOf()))).toBe('t1');
      await call(1 + index).fail('refused');
      await pass(ms);
    }
    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
    await call(4).fail('refused');

    expect(await outcome(() => slot.get(useOf()))).toBe('refused');
    expect(events.at(-1)?.kind).toBe('purged');
  });

  it('takes no text that could not stand in a header, and keeps the token before', async () => {
    const { slot, useOf, call, events } = await holding();
    slot.get(useOf());
    await pass(541_000);
    await call(1).give('one\nx-header: two');

    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { reason: 'unusable_token' } });
  });
});

describe('a slot whose endpoint is in trouble', () => {
  /** How long a caller is told to wait, in ms. */
  const pauseOf = async (get: () => unknown) => {
    try {
      await get();
      return 0;
    } catch (error) {
      return (error as TokenError).pause;
    }
  };

  it('does not ask before the endpoint wants to be asked, and tells callers how long that is', async () => {
    const { slot, useOf, calls, call } = scriptedSlot(flush);
    const asked = outcome(() => slot.get(useOf()));
    await call(0).fail('endpoint_throttled', 300_000);
    expect(await asked).toBe('endpoint_throttled');

    await pass(100_000);
    const pause = await pauseOf(() => slot.get(useOf()));
    expect(pause).toBeGreaterThanOrEqual(200_000);
    expect(pause).toBeLessThanOrEqual(230_000);
    await pass(199_000);
    expect(calls).toHaveLength(1);

    await pass(31_000);
    outcome(() => slot.get(useOf()));
    expect(calls).toHaveLength(2);
  });

  it('does not renew a token before the endpoint wants to be asked', async () => {
    const { slot, useOf, calls, call } = await holding();
    slot.get(useOf());
    await pass(541_000);
    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
    await call(1).fail('endpoint_throttled', 30_000);

    await pass(29_000);
    expect(await outcome(() => slot.get(useOf()))).toBe('t1');
    expect(calls).toHaveLength(2);
    await pass(4_000);
    expect(calls).toHaveLength(3);
  });

  it('asks an endpoint that was asked too often ever more rarely when it does not say when to come again', async () => {
    const { slot, useOf, calls, call } = scriptedSlot(flush);
    outcome(() => slot.get(useOf()));
    for (const [index, pause] of [1_000, 2_000, 4_000, 8_000].entries()) {
      await call(index).fail('endpoint_throttled');
      await pass(pause - 1);
      outcome(() => slot.get(useOf()));
      expect(calls).toHaveLength(index + 1);
      await pass(1);
      outcome(() => slot.get(useOf()));
      expect(calls).toHaveLength(index + 2);
    }
  });

  it('asks again after a second when the answer made no sense', async () => {
    const { slot, useOf, calls, call } = scriptedSlot(flush);
    outcome(() => slot.get(useOf()));
    await call(0).fail('endpoint_failed');

    await pass(1_000);
    const asked = outcome(() => slot.get(useOf()));
    expect(calls).toHaveLength(2);
    await call(1).give('t1');
    expect(await asked).toBe('t1');
  });

  it('says what it waits for, where that is known', async () => {
    const pending = new TokenError({ secretId: 'prod/api', endpoint: 'auth.example.com' }, 'not_written_back', '');
    const { slot, useOf } = scriptedSlot(flush, undefined, () => pending);
    const asked = outcome(() => slot.get(useOf()));

    await pass(2_000);

    expect(await asked).toBe('not_written_back');
    expect(slot.status()?.failure).toBe('not_written_back');
  });
});

describe('a slot whose secret was rotated', () => {
  it('gives the token of the version before until the first one of the new version is there', async () => {
    const { slot, useOf, calls, call, first } = await holding();

    expect(slot.get(useOf('v2'))).toBe(first);
    expect(calls.map((it) => it.version)).toEqual(['v1', 'v2']);
    await call(1).give('t2');
    expect(await outcome(() => slot.get(useOf('v2')))).toBe('t2');
  });

  it('says so when the new version is refused, so that another can be tried', async () => {
    const { slot, useOf, call } = await holding();
    slot.get(useOf('v2'));
    await call(1).fail('refused');

    expect(await outcome(() => slot.get(useOf('v2')))).toBe('refused');
    expect(await outcome(() => slot.get(useOf('v1')))).toBe('t1');
  });

  it('gives the token of the version before for as long as the endpoint is merely down', async () => {
    const { slot, useOf, call } = await holding();
    slot.get(useOf('v2'));
    await call(1).fail('endpoint_unreachable');

    expect(await outcome(() => slot.get(useOf('v2')))).toBe('t1');
  });

  it('asks no more with the version before', async () => {
    const { slot, useOf, calls, call } = await holding();
    slot.get(useOf('v1'));
    slot.get(useOf('v2'));
    await call(1).give('t2', 3_600_000);

    await pass(600_000);

    expect(calls.map((it) => it.version)).toEqual(['v1', 'v2']);
  });

  it('holds tokens of three versions at most, and overwrites the one that goes', async () => {
    const { slot, useOf, call, first } = await holding();
    for (const [index, id] of ['v2', 'v3', 'v4'].entries()) {
      slot.get(useOf(id));
      await call(1 + index).give(id);
    }

    await turn();
    expect(first.isWiped).toBe(true);
  });
});

describe('a token that was refused', () => {
  it('is replaced once for all who were refused with it', async () => {
    const { slot, useOf, calls, call, first } = await holding();
    const again = Array.from({ length: 100 }, () => slot.again(useOf(), [first.id]));
    await flush();
    await call(1).give('t2');

    const given = await Promise.all(again);

    expect(new Set(given.map(({ token, final }) => `${token.reveal()} ${final}`))).toEqual(new Set(['t2 true']));
    expect(calls).toHaveLength(2);
  });

  it('is not replaced again for a request that comes back late', async () => {
    const { slot, useOf, calls, call, first } = await holding();
    const again = slot.again(useOf(), [first.id]);
    await flush();
    await call(1).give('t2');
    await again;

    const late = await slot.again(useOf(), [first.id]);

    expect([late.token.reveal(), late.final]).toEqual(['t2', false]);
    expect(calls).toHaveLength(2);
  });

  it('is sent again, and finally, while the budget for renewals is spent', async () => {
    const { slot, useOf, calls, call } = await holding();
    for (let index = 0; index < 2; index += 1) {
      const held = slot.get(useOf()) as Token;
      const again = slot.again(useOf(), [held.id]);
      await flush();
      await call(1 + index).give(`t${2 + index}`);
      await again;
    }
    expect(slot.hopeless).toBe(false);
    const held = slot.get(useOf()) as Token;

    const given = await slot.again(useOf(), [held.id]);

    expect([given.token, given.final]).toEqual([held, true]);
    expect(calls).toHaveLength(3);
    expect(slot.hopeless).toBe(true);
    await pass(500);
    expect(slot.hopeless).toBe(false);
    const after = slot.again(useOf(), [held.id]);
    await flush();
    await call(3).give('t4');
    expect((await after).token.reveal()).toBe('t4');
  });

  it('stays in use when no other can be had, and the refusal stands', async () => {
    const { slot, useOf, call, first } = await holding();
    const again = slot.again(useOf(), [first.id]);
    await flush();
    await call(1).fail('endpoint_unreachable');

    expect(await again).toEqual({ token: first, final: true });
  });

  it('is an error when the endpoint refuses too, so that another version of the secret can be tried', async () => {
    const { slot, useOf, call, first } = await holding();
    const again = outcome(() => slot.again(useOf(), [first.id]));
    await flush();
    await call(1).fail('refused');

    expect(await again).toBe('refused');
  });

  it('is of the version before: the first one of the new version is waited for', async () => {
    const { slot, useOf, calls, call, first } = await holding();
    slot.get(useOf('v2'));
    const again = slot.again(useOf('v2'), [first.id]);
    await flush();
    await call(1).give('t2');

    expect((await again).token.reveal()).toBe('t2');
    expect(calls).toHaveLength(2);
  });

  it('may not be known yet: it is sent once more after half a second, then replaced', async () => {
    const { slot, useOf, calls, call, first } = await holding(600_000, 5_000);
    const second = slot.again(useOf(), [first.id]);
    await pass(500);
    expect(await second).toEqual({ token: first, final: false });
    expect(calls).toHaveLength(1);

    const third = slot.again(useOf(), [first.id, first.id]);
    await flush();
    await call(1).give('t2');
    const given = await third;
    expect([given.token.reveal(), given.final]).toEqual(['t2', false]);
  });

  it('is still whole for who waits to send it once more while others replace it', async () => {
    const { slot, useOf, call, first } = await holding(600_000, 5_000);
    const second = slot.again(useOf(), [first.id]);
    await pass(100);
    const third = slot.again(useOf(), [first.id, first.id]);
    await flush();
    await call(1).give('t2');
    await third;
    await turn();

    await pass(400);
    expect((await second).token.reveal()).toBe('t1');
    await turn();
    expect(first.isWiped).toBe(true);
  });

  it('is replaced at once when it is not new', async () => {
    const { slot, useOf, call, first } = await holding(600_000, 5_000);
    await pass(5_001);
    const again = slot.again(useOf(), [first.id]);
    await flush();
    await call(1).give('t2');

    expect((await again).token.reveal()).toBe('t2');
  });
});

describe('a token that is not needed any more', () => {
  it('is overwritten when it was replaced and nobody holds it any more', async () => {
    const { slot, useOf, call, first } = await holding();
    slot.get(useOf());
    await pass(541_000);
    first.hold();
    await call(1).give('t2');

    await turn();
    expect(first.isWiped).toBe(false);
    first.release();
    await turn();
    expect(first.isWiped).toBe(true);
  });

  it('is overwritten when the slot is closed', async () => {
    const { slot, first } = await holding();

    slot.close();
    await turn();

    expect(first.isWiped).toBe(true);
    expect(slot.status()).toBeUndefined();
  });
});
