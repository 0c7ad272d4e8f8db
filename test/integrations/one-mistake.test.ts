import { describe, expect, it } from 'vitest';
import { foremost, type Problem } from '../../src/integrations/problem.ts';
import { YamlSource } from '../../src/integrations/yaml-source.ts';

function problem(line: number, reason: string, severity: Problem['severity'] = 'error'): Problem {
  return { file: 'envoy.yaml', line, column: 1, severity, reason, mend: 'mend it' };
}

describe('one mistake that shows in many places', () => {
  it('is told once, with how many there are and where the next ones stand', () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      problem(10 + index, `cluster c${index} has no filter for integration i${index}`),
    );

    expect(foremost([problem(400, 'another'), ...many])).toEqual([
      {
        ...many[0],
        reason: 'cluster c0 has no filter for integration i0 (and 299 more alike, lines 11, 12, 13, 14, 15, …)',
      },
      problem(400, 'another'),
    ]);
  });

  it('is told each time where it is few times, and apart from warnings', () => {
    const few = Array.from({ length: 5 }, (_, index) => problem(index + 1, 'the same'));
    const other = Array.from({ length: 5 }, (_, index) => problem(index + 1, 'the same', 'warning'));

    expect(foremost([...few, ...other])).toHaveLength(10);
  });

  it('leaves no kind of problem out because of another that is frequent', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => problem(index + 1, `no pinned host for "h${index}"`));

    expect(foremost([...many, problem(9_000, 'rare')]).map(({ reason }) => reason)).toEqual([
      'no pinned host for "h0" (and 4999 more alike, lines 2, 3, 4, 5, 6, …)',
      'rare',
    ]);
  });

  it('of the YAML itself is told by its first error alone', () => {
    const text = `static_resources:\n  clusters: [\n${'  - name: a: b: c\n'.repeat(200)}`;

    const { problems } = new YamlSource('envoy.yaml', text);

    expect(problems).toHaveLength(1);
    expect(problems[0]?.reason).toMatch(/^no valid YAML: .* \(and \d+ more errors behind it, which may come of it\)$/);
  });
});
