import { describe, expect, it } from 'vitest';
import { callerName } from '../../src/callers/caller.ts';
import { claimsOf, JWT_NAMESPACE } from '../../src/callers/claim.ts';
import { parseUriSan } from '../../src/callers/spiffe.ts';
import { by, caller } from './support.ts';

describe('a client certificate', () => {
  it.each([
    ['spiffe://acme/agents/a', 'spiffe://acme/agents/a', true],
    ['spiffe://acme/agents/a', 'spiffe://acme/agents/A', false],
    ['spiffe://acme/agents/*', 'spiffe://acme/agents/a', true],
    ['spiffe://acme/agents/*', 'spiffe://acme/agents', false],
    ['spiffe://acme/agents/*', 'spiffe://acme/agents/a/b', false],
    ['spiffe://acme/agents/*', 'spiffe://acme/agentsx/a', false],
    ['spiffe://acme/agents/*', 'spiffe://acme.evil/agents/a', false],
    ['spiffe://acme/*', 'spiffe://acme/a', true],
    ['spiffe://acme/*/agents/*', 'spiffe://acme/prod/agents/a', true],
    ['spiffe://acme/*/agents/*', 'spiffe://acme/prod/robots/a', false],
    ['spiffe://acme/agents/**', 'spiffe://acme/agents/a', true],
    ['spiffe://acme/agents/**', 'spiffe://acme/agents/a/b/c', true],
    ['spiffe://acme/agents/**', 'spiffe://acme/agents', false],
    ['spiffe://acme/**', 'spiffe://acme/a/b', true],
    ['spiffe://acme/**', 'spiffe://acme', false],
    ['spiffe://a.me/*', 'spiffe://acme/x', false],
    ['spiffe://acme/v1.0/*', 'spiffe://acme/v1x0/a', false],
  ])('%s and %s: %s', (rule, id, isIn) => {
    const uriSan = parseUriSan(id);

    expect(uriSan).toBe(id);
    expect(by({ uriSan }, [rule])).toBe(isIn && rule);
  });

  it.each([
    'spiffe://acme/agents/a,spiffe://acme/agents/b',
    'spiffe://acme/agents/a,https://evil.example.com',
    'https://x,spiffe://acme/agents/a',
    'https://acme/agents/a',
    'SPIFFE://acme/agents/a',
    'spiffe://ACME/agents/a',
    ' spiffe://acme/agents/a',
    'spiffe://acme/agents/a\n',
    'spiffe://acme/agents/',
    'spiffe://acme/agents/..',
    'spiffe://acme/agents/./a',
    'spiffe://acme/agents//a',
    'spiffe://acme/agents/%61',
    'spiffe://acme/agents/a?x=1',
    'spiffe://acme/agents/a#x',
    'spiffe://acme:443/agents/a',
    'spiffe://u@acme/agents/a',
    'spiffe://acme/agents/ä',
    'spiffe:///agents/a',
    `spiffe://acme/${'a'.repeat(2_048)}`,
    '',
  ])('names nobody when it is no single SPIFFE ID: %j', (text) => {
    expect(parseUriSan(text)).toBeUndefined();
  });

  it('does not let a path step out of a pattern, wherever the text came from', () => {
    const ids = [
      'spiffe://acme/agents/../admin',
      'spiffe://acme/agents/.',
      'spiffe://acme/agents//a',
      'spiffe://acme/agents/a\n',
    ];

    expect(ids.map((uriSan) => by({ uriSan }, ['spiffe://acme/agents/**', 'spiffe://acme/agents/*']))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('a token', () => {
  const claims = {
    sub: 'agent-7',
    groups: ['agents', 'prod'],
    admin: true,
    level: 3,
    big: 2 ** 60,
    'cognito:groups': ['agents'],
    realm_access: { roles: ['writer'] },
    'a/b': { 'c~d': 'e' },
    none: null,
    list: [['agents'], { agents: 'agents' }],
    equation: 'a=b',
  };

  it.each([
    ['claim:sub=agent-7', true],
    ['claim:sub=Agent-7', false],
    ['claim:sub=agent', false],
    ['claim:groups=agents', true],
    ['claim:groups=prod', true],
    ['claim:groups=agents,prod', false],
    ['claim:groups=agent', false],
    ['claim:admin=true', true],
    ['claim:admin=false', false],
    ['claim:level=3', true],
    ['claim:level=3.0', false],
    [`claim:big=${2 ** 60}`, false],
    ['claim:cognito:groups=agents', true],
    ['claim:/realm_access/roles=writer', true],
    ['claim:realm_access/roles=writer', false],
    ['claim:realm_access.roles=writer', false],
    ['claim:/realm_access=writer', false],
    ['claim:/groups/0=agents', false],
    ['claim:/a~1b/c~0d=e', true],
    ['claim:none=null', false],
    ['claim:list=agents', false],
    ['claim:equation=a=b', true],
    ['claim:missing=undefined', false],
    ['claim:toString=function', false],
    ['claim:/constructor/name=Object', false],
  ])('fulfils %s: %s', (rule, isIn) => {
    expect(by({ claims }, [rule])).toBe(isIn && rule);
  });

  it('cannot bring claims in by way of a prototype', () => {
    const inherited = Object.setPrototypeOf({ sub: 'x' }, { groups: ['agents'] });
    const named = JSON.parse('{"__proto__": {"groups": ["agents"]}}');

    expect([inherited, named].map((it) => by({ claims: it }, ['claim:groups=agents']))).toEqual([false, false]);
    expect(by({ claims: named }, ['claim:/__proto__/groups=agents'])).toBe('claim:/__proto__/groups=agents');
  });

  it('is read from where Envoy leaves what it has verified for Attaché, and from nowhere else', () => {
    const payload = { groups: ['agents'] };

    expect(claimsOf({ [JWT_NAMESPACE]: { attache: payload } })).toEqual(payload);
    expect(
      [
        undefined,
        null,
        {},
        { attache: payload },
        { [JWT_NAMESPACE]: payload },
        { [JWT_NAMESPACE]: { partner: payload } },
        { [JWT_NAMESPACE]: { attache: 'text' } },
        { [JWT_NAMESPACE]: { attache: [payload] } },
        { [JWT_NAMESPACE]: Object.create({ attache: payload }) },
      ].map(claimsOf),
    ).toEqual(Array(9).fill(undefined));
  });
});

describe('the name of a caller', () => {
  it('is that of its certificate, or else its address', () => {
    expect([
      callerName(caller({ uriSan: 'spiffe://acme/a', address: '10.1.2.3' })),
      callerName(caller({ address: '10.1.2.3' })),
      callerName(caller({})),
    ]).toEqual(['spiffe://acme/a', '10.1.2.3', 'unknown']);
  });
});
