import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

describe('attache check of domains', () => {
  it('warns of an integration that takes requests for every host', async () => {
    const text = edited(GOOD, 'domains: [stripe.int, stripe.int.localhost]', 'domains: [stripe.int, "*"]');

    expect(await findings(text)).toEqual([
      `${placeOf(text, '"*"]')}: warning: whatever host a program with http_proxy asks for, its request goes to api.stripe.com with the key of stripe`,
    ]);
  });

  it('finds nothing where a wildcard has a name', async () => {
    const text = edited(GOOD, 'domains: [stripe.int, stripe.int.localhost]', 'domains: ["*.stripe.int"]');

    expect(await findings(text)).toEqual([]);
  });
});
