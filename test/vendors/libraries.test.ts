import { describe, expect, it } from 'vitest';
import { type Library, libraryLines, lineFor } from '../../src/vendors/library.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { allCases, libraryOf, ROWS } from '../libraries/rows.ts';

const vendors = [...VENDORS.values()];
const claims = vendors.flatMap(({ name, libraries }) => (libraries ?? []).map((library) => ({ name, library })));
const titleOf = (api: string, language: string, library: string) => `${api} ${language} ${library}`;

describe('what the catalogue says of client libraries', () => {
  it.each(vendors)('names a library of $name, or says why none', ({ libraries, noLibrary }) => {
    expect((libraries ?? []).length > 0).toBe(noLibrary === undefined);
    expect(noLibrary ?? 'reason').not.toMatch(/^\s*$|\.$/);
  });

  it.each(claims)('says in a well-formed way how $library.package reaches $name', ({ library }) => {
    const line = lineFor(library, 'some.int');

    if (line === undefined) expect(library).toMatchObject({ note: expect.any(String) });
    else {
      expect(line).toContain('some.int');
      expect(line).not.toMatch(/[\n]|\{\w+\}|\s$/);
      if (line.startsWith('export '))
        expect(line).toMatch(/^export [A-Z][A-Z0-9_]+=https?:\/\/some\.int(?:\/[\w./-]*)?$/);
    }
    expect(library.note ?? 'note').not.toMatch(/\.$/);
  });

  it('has each library of an API once', () => {
    const titles = claims.map(({ name, library }) => titleOf(name, library.language, library.package));

    expect(titles).toHaveLength(new Set(titles).size);
  });

  it('has a row of test:libraries for each checked claim, and no row for any other', () => {
    const checked = claims
      .filter(({ library }) => library.checked !== undefined)
      .map(({ name, library }) => titleOf(name, library.language, library.package));
    const rows = [...ROWS].flatMap(([language, list]) => list.map((row) => titleOf(row.api, language, row.package)));

    expect(rows.toSorted()).toEqual(checked.toSorted());
    expect(allCases()).toHaveLength(checked.length);
  });

  it('has each line in the row that checks it, unless it is a variable', () => {
    const unused = [...ROWS].flatMap(([language, rows]) =>
      rows.filter((row) => {
        const line = libraryOf(language, row)?.line ?? '';
        return row.code.includes('{line}') === line.startsWith('export ');
      }),
    );

    expect(unused).toEqual([]);
  });
});

describe('the lines that are printed', () => {
  const variable: Library = { language: 'python', package: 'one', line: 'export ONE_URL={url}/v1', checked: '1.2.3' };

  it('say the version that was checked, and what was not', () => {
    expect(libraryLines([variable, { language: 'node', package: 'two', line: 'new Two("{url}")' }], 'x.int')).toEqual([
      'export ONE_URL=http://x.int/v1    # one for Python, checked with 1.2.3',
      'new Two("http://x.int")    // two for Node, unchecked',
    ]);
  });

  it('are one where they are equal', () => {
    expect(libraryLines([variable, { ...variable, language: 'node', checked: '4.5.6' }], 'x.int')).toEqual([
      'export ONE_URL=http://x.int/v1    # one for Python, checked with 1.2.3; one for Node, checked with 4.5.6',
    ]);
  });

  it('say that a library reads no http_proxy', () => {
    expect(libraryLines([{ ...variable, ignoresProxy: true }], 'x.int')).toEqual([
      'export ONE_URL=http://x.int/v1    # one for Python, checked with 1.2.3, reads no http_proxy, so this name must resolve',
    ]);
  });

  it('say that a library needs HTTPS, or cannot be used', () => {
    const libraries: Library[] = [
      { language: 'node', package: 'safe', line: 'new Safe("{https}/")' },
      { language: 'go', package: 'fixed', note: 'takes no base URL' },
    ];

    expect(libraryLines(libraries, 'x.int')).toEqual([
      'new Safe("https://x.int/")    // safe for Node, unchecked, needs the HTTPS listener of envoy.yaml',
      '# fixed for Go, takes no base URL',
    ]);
    expect(libraryLines(libraries, 'x.int:8080')[0]).toContain('new Safe("https://x.int/")');
  });
});
