import { describe, expect, it } from 'vitest';
import { partsFault } from '../../src/paths/part-count.ts';

const parameters = (count: number, parting = '&') => Array(count).fill('p=1').join(parting);

describe('the number of parameters of a query', () => {
  it.each(['&', ';'])('may be 4,096, parted by %s', (parting) => {
    expect(partsFault(`/v1?${parameters(4_096, parting)}`)).toBeUndefined();
  });

  it.each(['&', ';'])('may not be more, parted by %s', (parting) => {
    expect(partsFault(`/v1?${parameters(4_097, parting)}`)).toMatch(/more than 4096 parameters/);
  });

  it('is told alike each time', () => {
    const path = `/v1?${parameters(4_097)}`;
    expect([partsFault(path), partsFault(path)]).toEqual(Array(2).fill(expect.any(String)));
  });

  it('does not count what a path holds', () => {
    expect(partsFault(`/${'&'.repeat(60_000)}?a=1`)).toBeUndefined();
    expect(partsFault(`/${'&'.repeat(60_000)}`)).toBeUndefined();
  });
});

describe('the number of segments of a path', () => {
  it('may be 4,096', () => {
    expect(partsFault('/a'.repeat(4_096))).toBeUndefined();
    expect(partsFault(`${'/a'.repeat(4_096)}?a=1`)).toBeUndefined();
  });

  it.each(['/a', '/'])('may not be more of %s', (segment) => {
    expect(partsFault(segment.repeat(4_097))).toMatch(/more than 4096 segments/);
    expect(partsFault(`${segment.repeat(4_097)}?a=1`)).toMatch(/more than 4096 segments/);
  });

  it('does not count what a query holds', () => {
    expect(partsFault(`/a?b=${'/'.repeat(60_000)}`)).toBeUndefined();
  });
});
