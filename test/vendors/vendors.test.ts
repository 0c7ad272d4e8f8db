import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/credentials/kinds.ts';
import { hostFault } from '../../src/integrations/host.ts';
import { business } from '../../src/vendors/business.ts';
import { infrastructure } from '../../src/vendors/infrastructure.ts';
import { models } from '../../src/vendors/models.ts';
import { VENDORS, wayOfSending } from '../../src/vendors/vendors.ts';

describe('the catalogue of APIs', () => {
  it('has at least 40, each under a name of its own', () => {
    expect(VENDORS.size).toBeGreaterThanOrEqual(40);
    expect(VENDORS.size).toBe(models.length + business.length + infrastructure.length);
  });

  it.each([...VENDORS.values()])(
    'has for $name what a route needs',
    ({ name, host, credential, documentation, sdk }) => {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(hostFault(host)).toBeUndefined();
      expect(new URL(documentation).protocol).toBe('https:');
      const kinds = Object.entries(credential).map(([key, value]) =>
        KINDS.find((kind) => kind.key === key)?.schema.safeParse(value),
      );
      expect(kinds).toEqual([expect.objectContaining({ success: true })]);
      expect(sdk?.path ?? '').toMatch(/^(?:\/[\w./-]*)?$/);
      if (sdk !== undefined && 'variable' in sdk) expect(sdk.variable).toMatch(/^[A-Z][A-Z0-9_]+$/);
    },
  );

  it('writes headers as HTTP/2 does, in lower case', () => {
    const headers = [...VENDORS.values()].flatMap(({ credential }) => Object.keys(credential.headers ?? {}));

    expect(headers.filter((header) => !/^[a-z0-9-]+$/.test(header))).toEqual([]);
  });

  it.each([
    ['openai', 'Bearer'],
    ['stripe', 'Basic'],
    ['discord', 'authorization: Bot'],
    ['linear', 'authorization'],
    ['datadog', 'dd-api-key, dd-application-key'],
  ])('says of %s in a few words how its key is sent', (name, way) => {
    const vendor = VENDORS.get(name);

    expect(vendor && wayOfSending(vendor)).toBe(way);
  });
});
