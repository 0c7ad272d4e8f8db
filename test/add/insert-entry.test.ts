import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap, isSeq, parseDocument, stringify } from 'yaml';
import { grow } from '../../src/add/grow.ts';
import type { Entry } from '../../src/add/insert-entry.ts';
import { YamlSource } from '../../src/integrations/yaml-source.ts';

const VALUE = { name: 'new', list: [1, 'two: 2'], text: 'a\nb', empty: {} };
const ITEM: Entry = { lines: stringify([VALUE], { lineWidth: 0 }).trimEnd().split('\n'), value: VALUE };
const KEY: Entry = { lines: stringify({ fresh: VALUE }).trimEnd().split('\n'), value: { fresh: VALUE } };

const DATA = {
  static_resources: {
    clusters: [{ name: 'a', type: 'STATIC' }, { name: 'b' }, { name: 'c', inner: { deep: [1, 2] } }],
  },
};
const THREE_WAYS = {
  'JSON of two blanks': JSON.stringify(DATA, undefined, 2),
  'JSON of tabs, with line ends of two characters': JSON.stringify(DATA, undefined, '\t').replaceAll('\n', '\r\n'),
  'JSON in one line': JSON.stringify(DATA),
  YAML: stringify(DATA),
  'YAML whose hyphens stand below the key': stringify(DATA, { indentSeq: false }),
  'YAML of four blanks, without a last line end': stringify(DATA, { indent: 4 }).trimEnd(),
  'YAML with brackets':
    'static_resources:\n  clusters: [{ name: a, type: STATIC }, {name: b},\n    { name: c, inner: { deep: [1, 2] } }, ]\n',
  'YAML with brackets on lines of their own':
    'static_resources:\n  clusters: [\n    # the first\n    { name: a, type: STATIC }, # one\n    { name: b }, # two\n    { name: c, inner: { deep: [1, 2] } } # three\n  ]\n',
  'YAML with comments':
    '# head\nstatic_resources:\n  # all\n  clusters:\n  # the first\n  - name: a # x\n    type: STATIC\n\n  # the second\n  - name: b\n\n  - name: c\n    inner:\n      deep:\n      - 1\n      - 2\n      # end\n# tail\n',
};

describe('what is put into a file', () => {
  it.each(Object.entries(THREE_WAYS))('stands at its place, and nothing else changes, in %s', (_, text) => {
    expect(parseDocument(text).toJS()).toEqual(DATA);
    for (const index of [0, 1, 2, 3]) {
      const source = new YamlSource('envoy.yaml', text);
      const list = source.get(source.root, 'static_resources', 'clusters');
      if (!isSeq(list)) throw new Error('no list');

      const { insertion } = grow(text, source, list, ITEM, index);

      const { start, length, text: after } = insertion;
      expect(after.slice(0, start) + after.slice(start + length)).toBe(text);
      const clusters: unknown[] = DATA.static_resources.clusters.toSpliced(index, 0, VALUE as never);
      expect(parseDocument(after).toJS()).toEqual({ static_resources: { clusters } });
      expect(after.split(/\r?\n/)[insertion.line - 1]).toMatch(/new|^\s*\{$/);
    }
  });

  it.each(Object.entries(THREE_WAYS))('stands in a map of %s', (_, text) => {
    for (const path of [[], ['static_resources']]) {
      const source = new YamlSource('envoy.yaml', text);
      const map = path.length === 0 ? source.root : source.get(source.root, ...path);
      if (!isMap(map)) throw new Error('no map');

      const { start, length, text: after } = grow(text, source, map, KEY).insertion;

      expect(after.slice(0, start) + after.slice(start + length)).toBe(text);
      const fresh = { fresh: VALUE };
      expect(parseDocument(after).toJS()).toEqual(
        path.length === 0 ? { ...DATA, ...fresh } : { static_resources: { ...DATA.static_resources, ...fresh } },
      );
    }
  });

  it.each([
    'static_resources: {}',
    'static_resources: { }\n',
    '{"static_resources":{}}',
    '{\n  "static_resources": {\n  }\n}\n',
  ])('fills what is empty: %j', (text) => {
    const source = new YamlSource('envoy.yaml', text);
    const map = source.get(source.root, 'static_resources');
    if (!isMap(map)) throw new Error('no map');

    const { start, length, text: after } = grow(text, source, map, KEY).insertion;

    expect(after.slice(0, start) + after.slice(start + length)).toBe(text);
    expect(parseDocument(after).toJS()).toEqual({ static_resources: { fresh: VALUE } });
  });

  it('stands in any layout that the package yaml writes, or is refused', () => {
    let done = 0;
    fc.assert(
      fc.property(
        fc.record({
          indent: fc.constantFrom(2, 3, 4, 8),
          indentSeq: fc.boolean(),
          lineWidth: fc.constantFrom(0, 20, 80),
        }),
        fc.constantFrom('block', 'flow', 'any'),
        fc.nat(3),
        (options, collectionStyle, index) => {
          const text = stringify(DATA, { ...options, collectionStyle: collectionStyle as 'block' | 'flow' | 'any' });
          const source = new YamlSource('envoy.yaml', text);
          const list = source.get(source.root, 'static_resources', 'clusters');
          if (!isSeq(list)) throw new Error('no list');
          const { text: after } = grow(text, source, list, ITEM, index).insertion;
          const clusters: unknown[] = DATA.static_resources.clusters.toSpliced(index, 0, VALUE as never);
          expect(parseDocument(after).toJS()).toEqual({ static_resources: { clusters } });
          done += 1;
        },
      ),
    );
    expect(done).toBeGreaterThan(50);
  });
});
