import { isCollection, isScalar, type Node, visit, type YAMLSeq } from 'yaml';
import { AddError } from './add-error.ts';

/** A text with something put in, and where that begins. */
export interface Insertion {
  readonly text: string;
  /** The line of the first one that was put in, from 1. */
  readonly line: number;
}

/**
 * Puts an item behind the last one of a list that is written with hyphens. Nothing else of the text changes: its lines
 * stand in the indentation, the line ends and the blank lines of what is there.
 *
 * @param where names the list in errors, as `file:line`.
 * @throws AddError for a list in brackets, or one without items.
 */
export function insertItem(text: string, list: YAMLSeq<unknown>, lines: readonly string[], where: string): Insertion {
  const last = list.items.at(-1);
  const start = list.range?.[0];
  if (last === undefined || start === undefined || list.flow === true)
    throw new AddError(
      `the list at ${where} stands in brackets or has no item; write its items on lines of their own, each with a hyphen, or paste what --print shows`,
    );
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const lead = text.slice(lineStart, start);
  if (!/^ *$/.test(lead))
    throw new AddError(`the list at ${where} begins in the middle of a line; begin it on a line of its own`);
  const newline = text.startsWith('\r\n', text.indexOf('\n') - 1) ? '\r\n' : '\n';
  const end = endOfItem(text, contentEnd(last), lead.length);
  const isSpaced = list.items.length > 1 && blankLineBefore(text, list.items.at(-1));
  const added = [...(isSpaced ? [''] : []), ...lines.map((line) => lead + line)].join(newline);
  const head = text.slice(0, end);
  const isAtEnd = !head.endsWith('\n');
  const inserted = isAtEnd ? newline + added : added + newline;
  const line = head.split('\n').length + (isAtEnd ? 1 : 0) + (isSpaced ? 1 : 0);
  return { text: head + inserted + text.slice(end), line };
}

/** Where an item ends without the comments behind it. */
function contentEnd(item: unknown): number {
  let end = 0;
  visit(item as Node, {
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
function endOfItem(text: string, content: number, indentation: number): number {
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
  const start = (item as Node).range?.[0] ?? 0;
  const lineStart = text.lastIndexOf('\n', start - 1);
  return /\n\r?\n(?:[ \t]*#[^\n]*\n)*$/.test(text.slice(0, lineStart + 1));
}
