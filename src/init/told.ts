import type { Done, Initiated } from './init-text.ts';

/** How many lines around an insertion are shown. */
const CONTEXT = 1;

/**
 * What was put where and why, a paragraph for each step.
 *
 * @param options.whole shows each line that was put in, with the lines around it.
 */
export function told(file: string, { text, steps }: Initiated, options: { readonly whole: boolean }): string {
  return steps
    .map((step, index) => {
      const { first, last, lines } = linesOf(text, step);
      const place = first === last ? `${file}:${first}` : `${file}:${first}-${last}`;
      const head = `${index + 1}. ${place}: ${step.what}\n   ${step.why}\n`;
      if (!options.whole) return head;
      const shown = [
        ...lines.slice(Math.max(first - 1 - CONTEXT, 0), first - 1).map((line) => `  ${line}`),
        ...lines.slice(first - 1, last).map((line) => `+ ${line}`),
        ...lines.slice(last, last + CONTEXT).map((line) => `  ${line}`),
      ];
      return `${head}\n${shown.map((line) => line.trimEnd()).join('\n')}\n`;
    })
    .join(options.whole ? '\n' : '');
}

/** The lines, counted from 1, on which something of what was put in stands. */
function linesOf(text: string, { start, length }: Done): { first: number; last: number; lines: readonly string[] } {
  const put = text.slice(start, start + length);
  const begins = start + (/^,?\s*\n\s*/.exec(put)?.[0].length ?? 0);
  const ends = start + put.trimEnd().length;
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  return { first: lineAt(begins), last: lineAt(ends), lines: text.split('\n') };
}
