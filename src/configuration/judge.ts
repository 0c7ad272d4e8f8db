import type { CatalogueDescription } from '../integrations/description.ts';
import { CatalogueError } from '../integrations/problem.ts';
import { decodeText, describeCatalogue } from '../integrations/read-catalogue.ts';
import type { Page, Reading } from './configuration.ts';

/** How many integrations stand on a page: some 20 kB. */
const A_PAGE = 50;

/** Reads the bytes of a file and judges them. It takes time: see {@link readConfiguration}. */
export function judge(file: string, version: string, bytes: Uint8Array): Reading {
  try {
    const { description, warnings } = describeCatalogue(file, decodeText(file, bytes));
    const pages = pagesOf(description).map((page) => JSON.stringify(page));
    return { kind: 'good', configuration: { version, size: description.integrations.length, pages, warnings } };
  } catch (error) {
    if (error instanceof CatalogueError) return { kind: 'bad', problems: error.problems };
    throw error;
  }
}

function pagesOf({ serverWide, integrations }: CatalogueDescription): Page[] {
  const pages: Page[] = [{ serverWide, integrations: integrations.slice(0, A_PAGE) }];
  for (let at = A_PAGE; at < integrations.length; at += A_PAGE)
    pages.push({ integrations: integrations.slice(at, at + A_PAGE) });
  return pages;
}
