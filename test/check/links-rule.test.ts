import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

const FILTER = / {10}- name: links [\s\S]*?(?= {10}- name: whole_body)/;
const HEADER = /\n.*x-attache-destination, value.*/;
const ORIGIN = /\n.*object_key: caller_origin.*/;
const OFF =
  'typed_per_filter_config: { links: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }';
const KEEP = 'integration: stripe\n                      links: keep';

/** envoy.yaml without a part of it. */
function without(part: RegExp, text = GOOD): string {
  if (!part.test(text)) throw new Error(`nothing to cut: ${part}`);
  return text.replace(part, '');
}

describe('attache check of what leads links back to the caller', () => {
  it.each([
    [
      'the filter',
      without(FILTER),
      'http_filters:\n          -',
      'no filter leads links of responses back to the caller',
    ],
    ['the address that the caller used', without(ORIGIN), 'name: links', 'no filter keeps caller_origin'],
    [
      'the host that a response comes from',
      without(HEADER),
      'http_filters:\n        -',
      'cluster internet does not say which host a response comes from (x-attache-destination)',
    ],
  ])('says once that a file lacks %s', async (_, text, at, reason) => {
    const found = await findings(text);

    expect(found).toEqual([expect.stringMatching(/:\d+: warning: .*, so links and redirects of the destination lead/)]);
    expect(found[0]).toContain(reason);
    expect(Math.abs(Number(found[0]?.split(':')[0]) - Number(placeOf(text, at).split(':')[0]))).toBeLessThanOrEqual(1);
  });

  it('says it of a route that switches the filter off, unless its block says that links stay', async () => {
    const off = edited(GOOD, '    - match: { prefix: / }', `    - ${OFF}\n                match: { prefix: / }`);

    expect(await findings(off)).toEqual([expect.stringContaining('warning: the filter links is off on this route')]);
    expect(await findings(edited(off, 'integration: stripe', KEEP))).toEqual([]);
  });

  it('finds nothing where no integration wants its links led back', async () => {
    const kept = ['stripe', 'openai', 'anthropic'].reduce(
      (text, name) =>
        edited(text, `integration: ${name}\n`, `integration: ${name}\n                      links: keep\n`),
      without(HEADER, without(FILTER)),
    );

    expect(await findings(kept)).toEqual([]);
  });

  it('knows the filter by its name where its script is a file of its own', async () => {
    const script = /( {10}- name: links [\s\S]*?default_source_code:\n)[\s\S]*?(?= {10}- name: whole_body)/;
    const text = GOOD.replace(script, '$1                filename: /etc/envoy/links.lua\n');

    expect(text).not.toBe(GOOD);
    expect(await findings(text)).toEqual([]);
  });
});
