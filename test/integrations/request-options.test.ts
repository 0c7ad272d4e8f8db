import { expect, it } from 'vitest';
import { ALWAYS_STRIPPED, ALWAYS_STRIPPED_PARAMETERS } from '../../src/credentials/callers-own.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';

const CALLERS_OWN = ALWAYS_STRIPPED;

/** The integration of a list, with these keys in its block. */
function integration(more: string) {
  const block = `{ integration: api, host: api.example.com, secret: prod/api, headers: { x-key: "{{ . }}" }${more} }`;
  const found = parseCatalogue('list.yaml', `integrations:\n- ${block}\n`).catalogue.get('api');
  if (found === undefined) throw new Error('no integration');
  return found;
}

it("takes away all that may be a caller's own credential, and nothing else, unless told otherwise", () => {
  const { injector, allow, redact } = integration('');

  expect(injector.strips).toEqual(CALLERS_OWN);
  expect(allow).toBeUndefined();
  expect(redact).toBe(false);
});

it('passes on what keep names, in any case', () => {
  expect(integration(', keep: [Cookie]').injector.strips).toEqual(CALLERS_OWN.filter((name) => name !== 'cookie'));
});

it('takes away what strip names besides, also in the query', () => {
  const { injector, writes, mutates } = integration(', strip: [X-Sig, "query:key"]');

  expect(injector.strips).toEqual([...CALLERS_OWN, 'x-sig']);
  expect(writes).toContain('x-sig');
  expect(mutates).toContain(':path');
});

it('changes no path where nothing of the query is taken away', () => {
  const all = ALWAYS_STRIPPED_PARAMETERS.map((name) => `"query:${name}"`).join(', ');

  expect(integration(`, keep: [${all}]`).mutates).not.toContain(':path');
});

it('takes away what turns a request into another one where only some are allowed', () => {
  const { injector, allow } = integration(', allow: ["GET /v1/**"]');

  expect(injector.strips).toEqual(expect.arrayContaining(['x-http-method-override', 'x-original-url']));
  expect(allow?.map(({ text }) => text)).toEqual(['GET /v1/**']);
});

it('asks for a response that can be searched where it must be', () => {
  const { injector, redact } = integration(', redact: true');

  expect(injector.strips).toEqual(expect.arrayContaining(['accept-encoding', 'range', 'if-range']));
  expect(redact).toBe(true);
});
