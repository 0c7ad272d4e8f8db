import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examine } from '../../src/integrations/examine.ts';

/** Each file holds one mistake, and in its first line where it is and what is said of it. */
const files = globSync('test/integrations/bad/*.yaml').sort();

describe('a file with a mistake', () => {
  it.each(files)('is refused: %s', (path) => {
    const text = readFileSync(path, 'utf8');
    const [, place = '', words = ''] = /^# expect (\d+:\d+) (.*)$/m.exec(text) ?? [];

    const { problems } = examine(basename(path), text);

    expect(problems.map(({ line, column, reason, mend }) => `${line}:${column} ${reason}; ${mend}`)).toEqual([
      expect.stringContaining(`${place} ${words}`),
    ]);
    expect(words).not.toBe('');
  });
});
