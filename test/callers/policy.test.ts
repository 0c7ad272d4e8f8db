import { describe, expect, it } from 'vitest';
import { ANYONE } from '../../src/callers/caller-policy.ts';
import type { InstanceTags } from '../../src/callers/instance-tags.ts';
import { LookupError } from '../../src/callers/lookup-error.ts';
import { soon } from '../support/deadline.ts';
import { by, caller, policy } from './support.ts';

const owned = (...tags: string[]): InstanceTags => ({
  ownerOf: () => ({ instance: 'i-1', tags: new Set(tags) }),
});

const never: InstanceTags = {
  ownerOf: () => {
    throw new Error('EC2 was asked');
  },
};

describe('an integration without callers', () => {
  it('is for anyone, also of whom nothing is known', () => {
    expect(ANYONE.decide(caller({}), soon())).toEqual({ allowed: true, by: 'anyone' });
  });
});

describe('a list of callers', () => {
  const everything = [
    'tag:agents',
    '10.1.0.0/16',
    '192.0.2.7',
    '2001:db8::/32',
    'spiffe://acme/agents/*',
    'claim:groups=agents',
  ];
  const tags = { agents: ['10.9.0.0/16', 'spiffe://acme/robots/*'], others: ['10.8.0.0/16'] };

  it.each([
    [{ address: '10.1.2.3' }, '10.1.0.0/16'],
    [{ address: '192.0.2.7' }, '192.0.2.7'],
    [{ address: '192.0.2.8' }, false],
    [{ address: '2001:db8:1::1' }, '2001:db8::/32'],
    [{ address: '10.9.1.1' }, 'tag:agents'],
    [{ address: '10.8.1.1' }, false],
    [{ uriSan: 'spiffe://acme/agents/a' }, 'spiffe://acme/agents/*'],
    [{ uriSan: 'spiffe://acme/robots/a' }, 'tag:agents'],
    [{ claims: { groups: ['agents'] } }, 'claim:groups=agents'],
    [{ address: '10.7.7.7', uriSan: 'spiffe://evil/agents/a', claims: { groups: ['x'] } }, false],
    [{}, false],
  ])('knows %j by %s', (known, rule) => {
    expect(by(known, everything, tags)).toBe(rule);
  });

  it('names the most telling of several rules: certificate, address, token, tag', () => {
    const known = { address: '10.1.2.3', uriSan: 'spiffe://acme/agents/a', claims: { groups: ['agents'] } };

    expect(by(known, everything)).toBe('spiffe://acme/agents/*');
    expect(by({ ...known, uriSan: undefined }, everything)).toBe('10.1.0.0/16');
    expect(by({ ...known, uriSan: undefined, address: '10.9.1.1' }, everything, tags)).toBe('claim:groups=agents');
  });

  it('lets nobody in by a tag that only others have', () => {
    expect(by({ address: '10.8.1.1' }, ['tag:agents', 'tag:nobody'], tags)).toBe(false);
  });
});

describe('tags of instances', () => {
  it('let in who has one of them, and name the instance', () => {
    expect(policy(['tag:agents']).decide(caller({ address: '10.1.2.3' }), soon(), owned('prod', 'agents'))).toEqual({
      allowed: true,
      by: 'tag:agents',
      instance: 'i-1',
    });
    expect(policy(['tag:agents']).decide(caller({ address: '10.1.2.3' }), soon(), owned('prod'))).toEqual({
      allowed: false,
    });
  });

  it('are not asked for when something else decides, or when no tag counts', () => {
    const rules = ['tag:agents', '10.1.0.0/16'];

    expect(policy(rules).decide(caller({ address: '10.1.2.3' }), soon(), never)).toMatchObject({ by: '10.1.0.0/16' });
    expect(
      policy(rules, { agents: ['10.9.0.0/16'] }).decide(caller({ address: '10.9.1.1' }), soon(), never),
    ).toMatchObject({
      by: 'tag:agents',
    });
    expect(policy(['10.1.0.0/16']).decide(caller({ address: '10.2.2.2' }), soon(), never)).toEqual({ allowed: false });
    expect(policy(rules).decide(caller({ uriSan: 'spiffe://acme/a' }), soon(), never)).toEqual({ allowed: false });
  });

  it('refuse a caller who cannot be looked up, and say why', async () => {
    const error = new LookupError('10.1.2.3', 'network', 'ECONNREFUSED');
    const throwing: InstanceTags = {
      ownerOf: () => {
        throw error;
      },
    };
    const rejecting: InstanceTags = { ownerOf: () => Promise.reject(error) };
    const decide = (tags: InstanceTags) => policy(['tag:agents']).decide(caller({ address: '10.1.2.3' }), soon(), tags);

    expect(decide(throwing)).toEqual({ allowed: false, unknown: error });
    expect(await decide(rejecting)).toEqual({ allowed: false, unknown: error });
    expect(error.message).toBe('it is not known yet who 10.1.2.3 is: EC2 cannot be reached; try again shortly');
  });

  it('do not hide a fault inside', async () => {
    const broken: InstanceTags = { ownerOf: () => Promise.reject(new TypeError('broken')) };

    await expect(policy(['tag:agents']).decide(caller({ address: '10.1.2.3' }), soon(), broken)).rejects.toThrow(
      'broken',
    );
  });
});
