import { describe, expect, it } from 'vitest';
import { domainIn, isRegion } from '../../src/aws/region.ts';

describe('a Region of AWS', () => {
  it.each([
    ['eu-west-1', 'amazonaws.com'],
    ['us-gov-east-1', 'amazonaws.com'],
    ['cn-northwest-1', 'amazonaws.com.cn'],
    ['eusc-de-east-1', 'amazonaws.eu'],
    ['us-iso-east-1', 'c2s.ic.gov'],
    ['xx-anywhere-12', 'amazonaws.com'],
  ])('is %s, whose hosts end with %s', (region, domain) => {
    expect([isRegion(region), domainIn(region)]).toEqual([true, domain]);
  });

  it.each(['', 'Ireland', 'eu-west-1a', 'eu-west', 'auto', 'us-west-004', 'EU-WEST-1', 'eu-west-1.example', '-a-1'])(
    'is not %j',
    (text) => {
      expect(isRegion(text)).toBe(false);
    },
  );
});
