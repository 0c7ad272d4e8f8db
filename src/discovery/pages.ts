/** How much JSON one page holds, in bytes: little enough for a caller's eyes and memory, and far below what Envoy takes. */
export const PAGE_BYTES = 256 * 1_024;

/** Shares items out among pages of at most `most` bytes of JSON; a larger item has a page of its own. There is always one page. */
export function pagesOf<T>(items: readonly T[], most: number = PAGE_BYTES): readonly (readonly T[])[] {
  const pages: T[][] = [[]];
  let left = most;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item));
    if (bytes > left && pages.at(-1)?.length !== 0) {
      pages.push([]);
      left = most;
    }
    pages.at(-1)?.push(item);
    left -= bytes;
  }
  return pages;
}
