import { isCollection, isMap, isPair, isScalar, type Node, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { AddError } from './add-error.ts';

/** What is put into a list or a map: one item, or one key with its value. */
export interface Entry {
  /** As block YAML without indentation: an item begins with its hyphen, a key stands before its value. */
  readonly lines: readonly string[];
  /** The same as data, for what stands in brackets: the item, or a map with the one key. */
  readonly value: unknown;
}

/** A text with something put in, and where. */
export interface Insertion {
  readonly text: string;
  /** Offset and length of what was put in, with the comma or the line end that it needed. */
  readonly start: number;
  readonly length: number;
  /** The line of the first one that was put in, from 1. */
  readonly line: number;
}

/**
 * Puts an entry into a list or a map. Nothing else of the text changes: with hyphens, its lines stand in the indentation, the line
 * ends and the blank lines of what is there; in brackets it is written as JSON, which is YAML too, on lines or in one as its
 * neighbours are.
 *
 * @param index how many entries stand before it; all of them unless given.
 * @param where names the list or map in errors, as `file:line`.
 * @throws AddError for one whose first entry does not begin its line.
 */
export function insertEntry(
  text: string,
  collection: YAMLSeq<unknown> | YAMLMap,
  entry: Entry,
  where: string,
  index: number = collection.items.length,
): Insertion {
  const { at, put, lead } =
    collection.flow === true
      ? inBrackets(text, collection, entry, index)
      : inLines(text, collection, entry, index, where);
  const before = text.slice(0, at) + put.slice(0, lead);
  return {
    text: text.slice(0, at) + put + text.slice(at),
    start: at,
    length: put.length,
    line: before.split('\n').length,
  };
}

/** What is put where, and how many of its characters stand before the entry itself. */
interface Put {
  readonly at: number;
  readonly put: string;
  readonly lead: number;
}

function inLines(
  text: string,
  collection: YAMLSeq<unknown> | YAMLMap,
  entry: Entry,
  index: number,
  where: string,
): Put {
  const start = collection.range?.[0] ?? 0;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const head = text.slice(lineStart, start);
  if (!(isMap(collection) ? /^[ -]*$/ : /^ *$/).test(head))
    throw new AddError(
      `the ${isMap(collection) ? 'map' : 'list'} at ${where} begins in the middle of a line; begin it on a line of its own`,
    );
  const newline = lineEnd(text);
  const indentation = ' '.repeat(head.length);
  const lines = entry.lines.map((line) => (line === '' ? '' : indentation + line));
  if (index === 0) return { at: firstLine(text, lineStart), put: lines.join(newline) + newline, lead: 0 };
  const end = endOfItem(text, contentEnd(collection.items[index - 1]), indentation.length);
  const isSpaced = collection.items.length > 1 && blankLineBefore(text, collection.items.at(-1));
  const added = [...(isSpaced ? [''] : []), ...lines].join(newline);
  const spacing = isSpaced ? newline.length : 0;
  if (text.slice(0, end).endsWith('\n')) return { at: end, put: added + newline, lead: spacing };
  return { at: end, put: newline + added, lead: newline.length + spacing };
}

/** Where the first item begins with the comments above it. */
function firstLine(text: string, lineStart: number): number {
  let at = lineStart;
  for (;;) {
    const above = text.lastIndexOf('\n', at - 2) + 1;
    if (at === 0 || !/^[ \t]*#/.test(text.slice(above, at))) return at;
    at = above;
  }
}

function inBrackets(text: string, collection: YAMLSeq<unknown> | YAMLMap, entry: Entry, index: number): Put {
  const [start, end] = collection.range ?? [0, 0];
  const [first] = collection.items;
  const unit = /\n(\t| {1,8})\S/.exec(text)?.[1] ?? '  ';
  const newline = lineEnd(text);
  if (first === undefined) {
    const outer = /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', start - 1) + 1))?.[0] ?? '';
    const lead = newline + outer + unit;
    if (!text.includes('\n')) return { at: start + 1, put: json(collection, entry, spacing(text)), lead: 0 };
    // In JSON the bracket closes on a line of its own; in a block of YAML it may not stand so far to the left.
    const close = /^\s*\{/.test(text) ? newline + outer : '';
    return { at: start + 1, put: lead + json(collection, entry, { unit, newline: lead }) + close, lead: lead.length };
  }
  const firstAt = startOf(first);
  const gap = text.slice(start + 1, firstAt);
  const isTall = gap.includes('\n');
  const lead = text.slice(text.lastIndexOf('\n', firstAt - 1) + 1, firstAt);
  const layout = isTall && /^[ \t]*$/.test(lead) ? { unit, newline: newline + lead } : spacing(text.slice(start, end));
  const written = json(collection, entry, layout);
  const between = 'unit' in layout ? layout.newline : layout.space;
  if (index === 0) return { at: firstAt, put: `${written},${between}`, lead: 0 };
  const last = contentEnd(collection.items[index - 1]);
  const comma = index === collection.items.length ? /^\s*,/.exec(text.slice(last, end))?.[0].length : undefined;
  // A list that ends with a comma does so afterwards too.
  const put = comma === undefined ? `,${between}${written}` : `${between}${written},`;
  return { at: last + (comma ?? 0), put, lead: put.indexOf(written) };
}

/** Either each value on a line of its own, or all of it in one. */
type Layout = { readonly unit: string; readonly newline: string } | { readonly space: string };

/** How the lines of a text end. */
export function lineEnd(text: string): string {
  return text.startsWith('\r\n', text.indexOf('\n') - 1) ? '\r\n' : '\n';
}

function spacing(text: string): Layout {
  return { space: text.length > 2 && !/[:,] /.test(text) ? '' : ' ' };
}

/** An entry as JSON: an item, or a key with its value. */
function json(collection: YAMLSeq<unknown> | YAMLMap, { value }: Entry, layout: Layout): string {
  const write = (it: unknown) =>
    'unit' in layout
      ? JSON.stringify(it, undefined, layout.unit).replaceAll('\n', layout.newline)
      : layout.space === ''
        ? JSON.stringify(it)
        : JSON.stringify(it, undefined, 1).replaceAll(/\n */g, ' ');
  if (!isMap(collection)) return write(value);
  const space = 'unit' in layout ? ' ' : layout.space;
  return Object.entries(value as object)
    .map(([key, inner]) => `${JSON.stringify(key)}:${space}${write(inner)}`)
    .join(',');
}

/** Where an item begins, behind its hyphen. */
export function startOf(item: unknown): number {
  const node = isPair(item) ? item.key : item;
  return (node as Node).range?.[0] ?? 0;
}

/** Where an item ends without the comments behind it. */
export function contentEnd(item: unknown): number {
  let end = 0;
  const parts = isPair(item) ? [item.key, item.value] : [item];
  for (const part of parts.filter((it) => it !== null && it !== undefined))
    visit(part as Node, {
      Node: (_, node) => {
        const [from, to] = node.range ?? [0, 0];
        if (isScalar(node) && /^BLOCK_/.test(node.type ?? '')) {
          // A text of several lines ends with a line end of its own.
          end = Math.max(end, to - 1);
        } else {
          // A list or map of several lines ends with what it holds: its own range takes in the comments behind it.
          end = Math.max(end, isCollection(node) && node.flow !== true ? from : to);
        }
      },
    });
  return end;
}

/** The offset of the line behind an item, and behind comments that stand deeper than its hyphen, which are the item's. */
export function endOfItem(text: string, content: number, indentation: number): number {
  const next = (offset: number) => {
    const at = text.indexOf('\n', offset);
    return at < 0 ? text.length : at + 1;
  };
  let end = next(content);
  for (let at = end; at < text.length; at = next(at)) {
    const line = text.slice(at, next(at));
    const [, blanks = '', rest = ''] = /^( *)(.*)/.exec(line) ?? [];
    if (rest.startsWith('#') && blanks.length > indentation) end = next(at);
    else if (rest.trim() !== '') break;
  }
  return end;
}

function blankLineBefore(text: string, item: unknown): boolean {
  const lineStart = text.lastIndexOf('\n', startOf(item) - 1);
  return /\n\r?\n(?:[ \t]*#[^\n]*\n)*$/.test(text.slice(0, lineStart + 1));
}
