import type { Language, Library } from '../../src/vendors/library.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import type { Row } from './row.ts';
import { go } from './rows/go.ts';
import { node } from './rows/node.ts';
import { programs } from './rows/programs.ts';
import { python } from './rows/python.ts';

/** A row with what the catalogue says of its library. */
export interface Case extends Row {
  readonly language: Language;
  /** `openai python openai`: what --only is compared with. */
  readonly title: string;
  readonly line: string;
  readonly version: string;
  /** Whether the catalogue says that it reads no `http_proxy`. */
  readonly ignoresProxy: boolean;
}

/** All rows, by the language of their code. */
export const ROWS: ReadonlyMap<Language, readonly Row[]> = new Map([
  ['python', python],
  ['node', node],
  ['go', go],
  ['shell', programs],
]);

/** The catalogue's entry of a row's library. */
export function libraryOf(language: Language, row: Row): Library | undefined {
  return VENDORS.get(row.api)?.libraries?.find((it) => it.language === language && it.package === row.package);
}

/**
 * Every row with its line and version.
 *
 * @param only parts of titles: rows with any of them; all unless given
 * @throws Error when the catalogue has no checked line for a row
 */
export function allCases(only: readonly string[] = []): Case[] {
  return [...ROWS]
    .flatMap(([language, rows]) =>
      rows.map((row) => {
        const title = `${row.api} ${language} ${row.package}`;
        const { line, checked: version, ignoresProxy = false } = libraryOf(language, row) ?? {};
        if (line === undefined || version === undefined)
          throw new Error(`the catalogue has no checked line for ${title}: add it to src/vendors`);
        return { ...row, language, title, line, version, ignoresProxy };
      }),
    )
    .filter(({ title }) => only.length === 0 || only.some((part) => title.includes(part)));
}
