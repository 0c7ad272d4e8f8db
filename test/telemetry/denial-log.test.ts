import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DenialLog, MOST_KINDS } from '../../src/telemetry/denial-log.ts';
import { createLog } from '../../src/telemetry/log.ts';

const refusal = { code: 'caller_not_allowed', integration: 'stripe', caller: '10.1.2.3', message: 'no' };

describe('the log of refusals', () => {
  let lines: { msg: string; caller?: string; count?: number }[];
  let denials: DenialLog;

  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    const output = {
      write: (line: string) => lines.push(JSON.parse(line)),
      batch: (produce: () => void) => produce(),
      lost: 0,
    };
    denials = new DenialLog(createLog('info', output));
  });
  afterEach(() => vi.useRealTimers());

  it('has the first of a kind at once, and those alike as a count within ten seconds', () => {
    for (let count = 0; count < 1_000; count += 1) denials.denied(refusal);
    const atOnce = lines.length;
    vi.advanceTimersByTime(10_000);

    expect(atOnce).toBe(1);
    expect(lines).toMatchObject([
      { msg: 'request denied', caller: '10.1.2.3', code: 'caller_not_allowed' },
      { msg: 'more requests denied, all alike', caller: '10.1.2.3', count: 999 },
    ]);
  });

  it.each([
    ['caller', { caller: '10.1.2.4' }],
    ['integration', { integration: 'openai' }],
    ['code', { code: 'request_not_allowed' }],
    ['reason', { reason: 'throttled' }],
  ])('tells another %s apart', (_, other) => {
    denials.denied(refusal);
    denials.denied({ ...refusal, ...other });

    expect(lines).toHaveLength(2);
  });

  it('begins anew after that time', () => {
    denials.denied(refusal);
    vi.advanceTimersByTime(10_000);
    denials.denied(refusal);

    expect(lines.map(({ msg }) => msg)).toEqual(['request denied', 'request denied']);
  });

  it('writes a bounded number of lines however many callers there are, and leaves none uncounted', () => {
    for (let index = 0; index < 50_000; index += 1)
      denials.denied({ ...refusal, caller: `2001:db8::${index.toString(16)}` });
    denials.denied({ ...refusal, caller: '2001:db8::0' });
    denials.close();

    expect(lines.length).toBeLessThanOrEqual(MOST_KINDS + 2);
    expect(lines.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(50_001);
  });

  it('tells at the end what it has only counted', () => {
    denials.denied(refusal);
    denials.denied(refusal);
    denials.close();

    expect(lines.at(-1)).toMatchObject({ count: 1 });
  });
});
