import { expect, test } from 'vitest';
import type { Configuration } from '../../src/configuration/configuration.ts';
import { Arrival, Delivery } from '../../src/workers/delivery.ts';
import type { ConfigurationPage } from '../../src/workers/messages.ts';

const configuration = (version: string, pages: number): Configuration => ({
  version,
  size: 7,
  pages: Array.from({ length: pages }, (_, index) => `${version}.${index}`),
  warnings: [],
});

/** A supervisor and a worker with everything that was sent between them and not yet received. */
function pair() {
  const sent: ConfigurationPage[] = [];
  const delivery = new Delivery((page) => sent.push(page));
  const arrival = new Arrival();
  const arrived: Configuration[] = [];
  const receive = () => {
    const page = sent.shift();
    if (page === undefined) return false;
    const whole = arrival.add(page);
    if (whole !== undefined) arrived.push(whole);
    delivery.got({ kind: 'page', delivery: page.delivery, index: page.index });
    return true;
  };
  return { delivery, sent, arrived, receive };
}

test('a configuration arrives as it was', () => {
  const { delivery, arrived, receive } = pair();
  delivery.begin(configuration('a', 5));
  while (receive());

  expect(arrived).toEqual([configuration('a', 5)]);
});

test('no page waits behind another one', () => {
  const { delivery, sent, receive } = pair();
  delivery.begin(configuration('a', 5));

  for (let page = 0; page < 5; page += 1) {
    expect(sent).toHaveLength(1);
    receive();
  }
  expect(sent).toEqual([]);
});

test.each([0, 1, 2, 4])('a newer one takes the place of one that has not arrived, after %i pages', (after) => {
  const { delivery, arrived, receive } = pair();
  delivery.begin(configuration('a', 5));
  for (let page = 0; page < after; page += 1) receive();
  delivery.begin(configuration('b', 2));
  while (receive());

  // The last page of the older one may have been on its way already.
  expect(arrived.at(-1)).toEqual(configuration('b', 2));
  expect(arrived.length).toBe(after === 4 ? 2 : 1);
});

test('one that comes again, while it is under way, arrives', () => {
  const { delivery, arrived, receive } = pair();
  delivery.begin(configuration('a', 3));
  receive();
  delivery.begin(configuration('b', 3));
  delivery.begin(configuration('a', 3));
  while (receive());

  expect(arrived.at(-1)).toEqual(configuration('a', 3));
});
