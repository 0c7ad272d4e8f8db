import fc from 'fast-check';
import { type Document, parseDocument, type ToStringOptions, visit } from 'yaml';

/** Another layout of the same file: one edit of its text or of its tree. */
export const relaid = fc.oneof(
  fc
    .record({
      indent: fc.constantFrom(2, 3, 4, 8),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 40, 80),
      defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'),
    })
    .map((options) => rewritten(() => {}, options)),
  fc.nat(60).map((which) =>
    rewritten((document) => {
      let left = which;
      visit(document, {
        Collection: (_, node) => {
          left -= 1;
          if (left >= 0) return undefined;
          node.flow = node.flow !== true;
          return visit.BREAK;
        },
      });
    }),
  ),
  fc.constant((text: string) => text.replaceAll('\n', '\r\n')),
  fc.constant((text: string) => text.trimEnd()),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom('', '   ', '# note', '              # note', '                            # note', '\t'),
    )
    .map(([seed, line]) => atLine(seed, () => [line])),
  fc.nat().map((seed) => atLine(seed, (line) => [`${line}   # note`])),
  fc.nat().map((seed) => atLine(seed, (line) => [line, line])),
  fc.nat().map((seed) => atLine(seed, () => [])),
  fc.nat().map((seed) => atLine(seed, (line) => [` ${line}`])),
);

/** What the package yaml makes of it; the same text when it can make nothing of it. */
function rewritten(edit: (document: Document) => void, options: ToStringOptions = { lineWidth: 0 }) {
  return (text: string) => {
    try {
      const document = parseDocument(text);
      edit(document);
      return document.toString(options);
    } catch {
      return text;
    }
  };
}

function atLine(seed: number, edit: (line: string) => string[]): (text: string) => string {
  return (text) => {
    const lines = text.split('\n');
    const at = seed % lines.length;
    return [...lines.slice(0, at), ...edit(lines[at] ?? ''), ...lines.slice(at + 1)].join('\n');
  };
}
