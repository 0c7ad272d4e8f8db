import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeText } from '../../src/check/check-file.ts';
import { examine } from '../../src/integrations/examine.ts';
import { envoyFileOf } from '../support/many-integrations.ts';
import { ADVERSARIAL } from './adversarial-files.ts';

const SIZE = 100_000;

/** What a text of {@link SIZE} characters may cost, in ms of CPU: ten times what the worst of them was seen to. */
const MOST_CPU = 8_000;

/** CPU that judging a text takes, in ms. */
async function cpuOf(text: string): Promise<number> {
  const before = process.threadCpuUsage();
  await judgeText('envoy.yaml', text, {});
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

const told = (text: string) => examine('envoy.yaml', text).problems.map(({ line, reason }) => `${line}: ${reason}`);

describe('a file', () => {
  it.each(Object.entries(ADVERSARIAL))('that is %s is judged at once', async (_, make) => {
    expect(await cpuOf(make(SIZE))).toBeLessThan(MOST_CPU);
  });

  it('of any pieces, many times over, is judged at once', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        ': ',
        '? ',
        '- ',
        ', ',
        '&a ',
        '*a',
        '!!x ',
        '"',
        "'",
        '|\n',
        '>\n',
        '#',
        '\n',
        '\n  ',
      ),
      fc.constantFrom(
        'a',
        '{{ ',
        ' }}',
        '<<',
        'integrations:\n',
        'virtual_hosts:\n',
        'tags:\n',
        '%',
        '---\n',
        '\t',
        '\\',
        '\u0085',
      ),
    );
    const some = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const many = fc.tuple(some, fc.constantFrom(1, 5_000), some, fc.constantFrom(1, 5_000), some);
    await fc.assert(
      fc.asyncProperty(many, async ([before, times, middle, more, after]) => {
        const text = before.repeat(times) + middle.repeat(more) + after;
        expect(await cpuOf(`static_resources: {}\n${text}`)).toBeLessThan(MOST_CPU);
      }),
      { numRuns: 30 },
    );
  });

  it('is told which limit it passes, and where', () => {
    expect(told(ADVERSARIAL['a billion laughs, nine levels of nine']?.(0) ?? '')).toEqual([
      '7: up to here the file stands for more than 2000000 values with its aliases written out, the most that are read',
    ]);
    expect(told(`static_resources:\n  a: ${'['.repeat(200)}`)).toEqual(['2: nested deeper than 100 levels']);
    expect(told(`a: {}\nb: ${'x'.repeat(9_000_000)}`)).toEqual([
      '1: the file has more than 8 MiB, the most that is read',
    ]);
    expect(told(`a:\n${'-\n'.repeat(1_500_000)}`)).toEqual([
      expect.stringMatching(/^\d{6,}: here the file has more than 2000000 words and signs, the most that are read$/),
    ]);
    expect(told('a: b\nc: \0\n')).toEqual(['2: the character U+0000, which no YAML may hold']);
  });

  it('of five thousand integrations passes', () => {
    const { problems, description } = examine('envoy.yaml', envoyFileOf(5_000, { share: 10 }));

    expect(problems).toEqual([]);
    expect(description.integrations).toHaveLength(5_003);
  });

  it('of more than five thousand different secrets is refused, however often each of them is named', () => {
    const item = (index: number, replica: string) =>
      `- { integration: a${index}-${replica}, host: a.example, secret: s${index}, replicas: [${replica}], bearer: "{{ . }}" }`;
    const items = (count: number) =>
      Array.from({ length: count }, (_, index) => [item(index, 'eu-west-1'), item(index, 'eu-west-2')]).flat();

    expect(told(['integrations:', ...items(5_000)].join('\n'))).toEqual([]);
    expect(told(['integrations:', ...items(5_001)].join('\n'))).toEqual(['10002: more than 5000 different secrets']);
  });
});
