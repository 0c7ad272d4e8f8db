import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Document, parseDocument, type ToStringOptions, visit } from 'yaml';
import { AddError } from '../../src/add/add-error.ts';
import { examine } from '../../src/integrations/examine.ts';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { added, FILE, GOOD } from './support.ts';

const NAMES = ['resend', 'elevenlabs', 'datadog', 'telegram', 'twitch', 'openai'];

/** Another layout of the same file: one edit of its text or of its tree. */
const relaid = fc.oneof(
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

describe('adding to a file of any layout', () => {
  it('changes its own lines alone, or is refused', () => {
    let additions = 0;
    fc.assert(
      fc.property(fc.array(relaid, { minLength: 1, maxLength: 3 }), fc.constantFrom(...NAMES), (edits, name) => {
        const before = edits.reduce((text, edit) => edit(text), GOOD);
        let addition: ReturnType<typeof added>;
        try {
          addition = added(before, name);
        } catch (error) {
          if (error instanceof AddError || error instanceof CatalogueError) return;
          throw error;
        }
        additions += 1;
        const after = addition.text;
        const widening = addition.widened === undefined ? '' : `|${addition.widened.headers.join('|')}`;
        expect(withoutOneInsertion(after.replace(widening, ''), before)).toBe(before);
        const names = [...examine(FILE, after).catalogue].map((integration) => integration.name);
        expect(names).toEqual([...[...examine(FILE, before).catalogue].map((integration) => integration.name), name]);
      }),
      { numRuns: 60 },
    );
    expect(additions).toBeGreaterThan(12);
  });
});

/** The text as it was, when it has more in one place alone. */
function withoutOneInsertion(now: string, old: string): string {
  let same = 0;
  while (same < old.length && now[same] === old[same]) same += 1;
  return now.slice(0, same) + now.slice(now.length - (old.length - same));
}
