import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { examine } from '../../src/integrations/examine.ts';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { relaid } from './layouts.ts';
import { added, FILE, GOOD } from './support.ts';

const NAMES = ['resend', 'elevenlabs', 'datadog', 'telegram', 'twitch', 'openai'];

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
      { numRuns: 40 },
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
