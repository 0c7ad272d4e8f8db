import { describe, expect, it } from 'vitest';
import { parametersFault } from '../../src/paths/parameter-count.ts';

const parameters = (count: number, parting = '&') => Array(count).fill('p=1').join(parting);

describe('the number of parameters of a query', () => {
  it.each(['&', ';'])('may be 4,096, parted by %s', (parting) => {
    expect(parametersFault(`/v1?${parameters(4_096, parting)}`)).toBeUndefined();
  });

  it.each(['&', ';'])('may not be more, parted by %s', (parting) => {
    expect(parametersFault(`/v1?${parameters(4_097, parting)}`)).toMatch(/more than 4096 parameters/);
  });

  it('is told alike each time', () => {
    const path = `/v1?${parameters(4_097)}`;
    expect([parametersFault(path), parametersFault(path)]).toEqual(Array(2).fill(expect.any(String)));
  });

  it('does not count what a path holds', () => {
    expect(parametersFault(`/${'&'.repeat(60_000)}?a=1`)).toBeUndefined();
    expect(parametersFault(`/${'&'.repeat(60_000)}`)).toBeUndefined();
  });
});
