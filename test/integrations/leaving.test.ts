import { describe, expect, it } from 'vitest';
import { Leaving, LONGEST_REQUEST } from '../../src/integrations/leaving.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';

const catalogueOf = (hosts: Record<string, string>) =>
  parseCatalogue(
    'list.yaml',
    `integrations:${Object.entries(hosts)
      .map(([name, host]) => `\n- { integration: ${name}, host: ${host}, secret: prod/${name}, bearer: "{{ . }}" }`)
      .join('')}\n`,
  ).catalogue;

/** What a change from one catalogue to another leaves. */
function left(before: Record<string, string>, after: Record<string, string>): Leaving {
  const leaving = new Leaving();
  leaving.change(catalogueOf(before), catalogueOf(after));
  return leaving;
}

const hostOf = (leaving: Leaving, name: string, host: string, attempt: number | undefined) =>
  leaving.of(name, host, attempt)?.host;

describe('an integration that a change takes away', () => {
  it('answers new requests until it is closed, and then only those that are tried again', () => {
    const leaving = left({ a: 'a.example', b: 'b.example' }, { b: 'b.example' });
    expect(hostOf(leaving, 'a', 'a.example', 1)).toBe('a.example');

    leaving.closing()(0);

    expect(hostOf(leaving, 'a', 'a.example', 0)).toBeUndefined();
    expect(hostOf(leaving, 'a', 'a.example', 1)).toBeUndefined();
    expect(hostOf(leaving, 'a', 'a.example', undefined)).toBeUndefined();
    expect(hostOf(leaving, 'a', 'a.example', 2)).toBe('a.example');
    expect(leaving.of('b', 'b.example', 2)).toBeUndefined();
  });

  it('stays open when the next change takes it away while the one before is being closed', () => {
    const leaving = left({ a: 'a.example' }, {});
    const close = leaving.closing();
    leaving.change(catalogueOf({ b: 'b.example' }), catalogueOf({}));
    close(0);

    expect(leaving.of('a', 'a.example', 1)).toBeUndefined();
    expect(hostOf(leaving, 'b', 'b.example', 1)).toBe('b.example');
  });

  it('answers for no other host than its own', () => {
    expect(left({ a: 'a.example' }, {}).of('a', 'b.example', 1)).toBeUndefined();
  });

  it('is forgotten when what was under way must be over, and not before it is closed', () => {
    const leaving = left({ a: 'a.example' }, {});
    expect(leaving.forget(Number.MAX_SAFE_INTEGER)).toBe(false);
    leaving.closing()(1_000);

    expect(leaving.forget(1_000 + LONGEST_REQUEST - 1)).toBe(false);
    expect(leaving.forget(1_000 + LONGEST_REQUEST)).toBe(true);
    expect([...leaving]).toEqual([]);
    expect(leaving.named('a')).toEqual([]);
  });

  it('is no longer leaving when it comes back', () => {
    const leaving = left({ a: 'a.example' }, {});
    leaving.closing()(0);
    leaving.change(catalogueOf({}), catalogueOf({ a: 'a.example' }));

    expect([...leaving]).toEqual([]);
  });
});

describe('an integration that goes to another host', () => {
  it('is at both until it is closed', () => {
    const leaving = left({ a: 'old.example' }, { a: 'new.example' });

    expect(hostOf(leaving, 'a', 'old.example', 1)).toBe('old.example');
    expect(leaving.of('a', 'new.example', 1)).toBeUndefined();
    leaving.closing()(0);
    expect(leaving.of('a', 'old.example', 1)).toBeUndefined();
  });

  it('leaves each of its hosts, however often it moves', () => {
    const leaving = left({ a: 'one.example' }, { a: 'two.example' });
    leaving.change(catalogueOf({ a: 'two.example' }), catalogueOf({ a: 'three.example' }));

    expect(leaving.named('a').map(({ host }) => host)).toEqual(['one.example', 'two.example']);
  });
});
