import type { Node, YAMLSeq } from 'yaml';
import { contentEnd, endOfItem, lineEnd, startOf } from './insert-entry.ts';

/** A text without an item of a list. */
export interface Shortened {
  readonly text: string;
  /** The line on which the item began, from 1. */
  readonly line: number;
}

/** What is taken away from where, up to where, and what is put there in its place. */
interface Cut {
  readonly from: number;
  readonly to: number;
  readonly put?: string;
}

/**
 * Takes an item out of a list: the opposite of `insertEntry`, to the byte. An item with a hyphen goes with the comments that stand
 * deeper than it and with one blank line beside it; comments above it stay.
 *
 * @param key that under which the list stands: a list of hyphens that loses its last item becomes `[]` there.
 * @returns undefined for an item that does not begin its line.
 */
export function removeEntry(
  text: string,
  list: YAMLSeq<unknown>,
  index: number,
  key: Node | undefined,
): Shortened | undefined {
  const cuts = list.flow === true ? inBrackets(text, list, index) : inLines(text, list, index, key);
  if (cuts === undefined) return undefined;
  let [shortened, at] = ['', 0];
  for (const { from, to, put = '' } of cuts) {
    shortened += text.slice(at, from) + put;
    at = to;
  }
  return { text: shortened + text.slice(at), line: text.slice(0, startOf(list.items[index])).split('\n').length };
}

function inLines(text: string, list: YAMLSeq<unknown>, index: number, key: Node | undefined): Cut[] | undefined {
  const item = list.items[index];
  const head = /(?:^|\n)( *)-(?:[ \t]*[&!]\S+)*\s*$/.exec(text.slice(0, startOf(item)));
  if (head === null) return undefined;
  const [all, indentation = ''] = head;
  const hyphenLine = head.index + (all.startsWith('\n') ? 1 : 0);
  const end = endOfItem(text, contentEnd(item), indentation.length);
  const isOnly = list.items.length === 1;
  const above = text.lastIndexOf('\n', hyphenLine - 2) + 1;
  const isBlankAbove = hyphenLine > 0 && text.slice(above, hyphenLine).trim() === '';
  const start = isBlankAbove && !isOnly ? above : hyphenLine;
  // A comment above stays with what comes next, unless that has one of its own.
  const isHead = index === 0 || /^[ \t]*#/.test(text.slice(above, hyphenLine));
  const blankBelow = isHead && !isBlankAbove && !isOnly ? /^[ \t]*\r?\n(?! *#)/.exec(text.slice(end)) : null;
  const lines: Cut = {
    // A text that ends without a line end does so afterwards too.
    from: text.slice(0, end).endsWith('\n') ? start : Math.max(0, start - lineEnd(text).length),
    to: end + (blankBelow?.[0].length ?? 0),
  };
  if (!isOnly) return [lines];
  const behindKey = key === undefined ? undefined : contentEnd(key);
  if (behindKey === undefined) return undefined;
  const colon = /^\s*:(?:[ \t]*[&!]\S+)*/.exec(text.slice(behindKey))?.[0];
  if (colon === undefined) return undefined;
  const at = behindKey + colon.length;
  return [{ from: at, to: at, put: ' []' }, lines];
}

function inBrackets(text: string, list: YAMLSeq<unknown>, index: number): Cut[] {
  const [open, close] = list.range ?? [0, 0];
  const [start, end] = [startOf(list.items[index]), contentEnd(list.items[index])];
  const behind = text.slice(end, close - 1);
  const ownComma = /^\s*,/.exec(behind)?.[0].length ?? 0;
  if (list.items.length === 1) {
    const before = text.slice(open + 1, start);
    // In JSON the bracket closes on a line of its own.
    const outer = /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', open - 1) + 1))?.[0] ?? '';
    const lastLine = /^\s*\{/.test(text) && before.includes('\n') ? lineEnd(text) + outer : '';
    const closes = behind.startsWith(lastLine, ownComma) ? lastLine.length : 0;
    return [{ from: before.trim() === '' ? open + 1 : start, to: end + ownComma + closes }];
  }
  if (index < list.items.length - 1) {
    const gap = text.slice(end, startOf(list.items[index + 1]));
    if (!gap.includes('#')) return [{ from: start, to: end + gap.length }];
    // A comment on the line of the item is about it, if the line is all its own.
    const beginsLine = text.slice(text.lastIndexOf('\n', start - 1) + 1, start).trim() === '';
    const own = (beginsLine ? /^\s*,[ \t]*(?:#[^\n]*)?\n?[ \t]*/ : /^\s*,[ \t]*/).exec(gap)?.[0].length ?? ownComma;
    return [{ from: start, to: end + own }];
  }
  const previous = contentEnd(list.items[index - 1]);
  const comma = previous + text.slice(previous).indexOf(',');
  const gap = text.slice(comma + 1, start);
  const item: Cut = { from: start - (gap.length - gap.trimEnd().length), to: end + ownComma };
  return ownComma > 0 ? [item] : [{ from: comma, to: comma + 1 }, item];
}
