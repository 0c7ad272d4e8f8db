import { describe, expect, it } from 'vitest';
import { isFault, parseCallerRule } from '../../src/callers/caller-rule.ts';

describe('a rule that cannot be used', () => {
  it.each([
    ['', 'is no caller', 'write tag:NAME'],
    ['agents', '"agents" is no caller', 'write tag:agents'],
    ['tag:', '"" is no name of a tag', 'begin with a lower-case letter'],
    ['tag:Agents', '"Agents" is no name of a tag', 'begin with a lower-case letter'],
    ['tag:a b', '"a b" is no name of a tag', 'begin with'],
    ['role:admin', '"role:admin" is no caller', 'write tag:NAME'],
    ['TAG:agents', 'is no caller', 'write tag:NAME'],
    ['*', 'is no caller', 'write tag:NAME'],
    ['10.1.*.*', 'is no caller', 'a network such as 10.1.0.0/16'],
    ['10.0.0.1-10.0.0.9', 'is no caller', 'a network such as 10.1.0.0/16'],
    ['10.1', '"10.1" is no IP address', 'write an address such as'],
    ['10.0.0.256', 'is no IP address', 'write an address such as'],
    ['010.0.0.1', 'is no IP address', 'write an address such as'],
    ['10.1.2.3:80', 'is no IP address', 'write an address such as'],
    ['10.1.2.3/', '/ is no prefix length', '/0 to /32'],
    ['10.1.2.3/-1', '/-1 is no prefix length', '/0 to /32'],
    ['10.1.2.3/08', '/08 is no prefix length', '/0 to /32'],
    ['10.1.2.3/33', '/33 is no prefix length', '/0 to /32'],
    ['2001:db8::/129', '/129 is no prefix length', '/0 to /128'],
    ['10.0.0.0/8/8', 'is no network', 'write an address such as'],
    ['2001:db8::1/32', 'has bits set behind its prefix of 32', 'write 2001:db8::/32 for the network'],
    ['fe80::1%eth0', 'has a zone', 'leave out'],
    ['::ffff:10.0.0.0/104', 'is an IPv4 address written as IPv6', 'write 10.0.0.0'],
    ['claim:', 'names no claim', 'claim:NAME=VALUE'],
    ['claim:=agents', 'names no claim', 'claim:NAME=VALUE'],
    ['claim:groups', 'has no value', 'claim:groups=VALUE'],
    ['claim:groups=', 'has no value', 'claim:groups=VALUE'],
    ['claim:/a~2b=c', 'is no JSON pointer', 'write ~0'],
    ['https://acme/agents', 'is no SPIFFE ID', 'spiffe://<trust domain>/<path>'],
    ['SPIFFE://acme/agents', 'does not begin with spiffe://', 'lower case: spiffe://acme/agents'],
    ['spiffe://', '"" is no trust domain', 'lower-case letters'],
    ['spiffe://acme', 'names a trust domain and no workload', 'spiffe://acme/**'],
    ['spiffe://acme/', 'names a trust domain and no workload', 'spiffe://acme/**'],
    ['spiffe://Acme/a', '"Acme" is no trust domain', 'lower case: acme'],
    ['spiffe://acme:8443/a', 'is no trust domain', 'without a port'],
    ['spiffe://user@acme/a', 'is no trust domain', 'lower-case letters'],
    ['spiffe://*/a', 'leaves its trust domain open', 'write the trust domain out'],
    ['spiffe://*.acme/a', 'leaves its trust domain open', 'write the trust domain out'],
    ['spiffe://acme/**/a', 'has ** before its end', 'write * for each segment'],
    ['spiffe://acme/agent-*', 'has a star within a segment', 'a whole segment'],
    ['spiffe://acme/***', 'has a star within a segment', 'a whole segment'],
    ['spiffe://acme//a', 'has an empty segment', 'single slashes'],
    ['spiffe://acme/a/', 'has an empty segment', 'none at the end'],
    ['spiffe://acme/../a', '".." is no segment', 'write letters'],
    ['spiffe://acme/a?b', '"a?b" is no segment', 'write letters'],
    ['spiffe://acme/a%2fb', '"a%2fb" is no segment', 'write letters'],
    ['spiffe://acme/a,spiffe://acme/b', 'is no segment', 'write letters'],
    [`spiffe://acme/${'a'.repeat(2_048)}`, 'is too long', '2048 characters'],
  ])('says why, and what to write instead: %s', (text, reason, mend) => {
    const parsed = parseCallerRule(text);

    expect(isFault(parsed) && parsed).toEqual({
      reason: expect.stringContaining(reason),
      mend: expect.stringContaining(mend),
    });
  });
});

describe('a rule', () => {
  it('cannot be changed', () => {
    const rule = parseCallerRule('10.1.0.0/16');

    expect(() => Object.assign(rule, { text: '0.0.0.0/0' })).toThrow(TypeError);
    expect(() => Object.assign('network' in rule ? rule.network : {}, { length: 0 })).toThrow(TypeError);
  });
});
