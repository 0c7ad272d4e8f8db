import { expect, test } from 'vitest';
import { BackOff } from '../../src/workers/back-off.ts';

const crash = { lived: 300, wasReady: true, killed: false };

test('a worker that keeps ending waits longer each time, five seconds at most', () => {
  const backOff = new BackOff();

  const waits = Array.from({ length: 8 }, () => backOff.after(crash));

  expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test('a worker that lived ten seconds is started again as if it were the first time', () => {
  const backOff = new BackOff();
  for (let count = 0; count < 5; count += 1) backOff.after(crash);

  expect(backOff.after({ ...crash, lived: 10_000 })).toBe(100);
  expect(backOff.after(crash)).toBe(200);
});

test('a worker that is killed from outside once it was ready is replaced quickly, however often', () => {
  const backOff = new BackOff();

  const waits = Array.from({ length: 4 }, () => backOff.after({ ...crash, killed: true }));

  expect(waits).toEqual([100, 100, 100, 100]);
});

test('a worker that is killed before it was ready waits like any other', () => {
  const backOff = new BackOff();
  const early = { lived: 50, wasReady: false, killed: true };

  expect([backOff.after(early), backOff.after(early), backOff.after(early)]).toEqual([100, 200, 400]);
});
