import type { Node } from 'yaml';
import { z } from 'zod';
import { didYouMean } from './closest.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** A key of a block and what may stand under it. */
export interface KeySchema {
  readonly key: string;
  readonly schema: z.ZodType;
  /** The key with a value as it should be written. */
  readonly example: string;
}

/** What is wrong with the value under a key, each at the key or value that is meant. */
export function schemaProblems(
  source: YamlSource,
  keyed: KeySchema,
  value: Node | undefined,
  issues: readonly Issue[],
): Problem[] {
  // A wrong key makes other rules fail as well; those would only repeat it.
  const telling = issues.some(({ code }) => code === 'unrecognized_keys')
    ? issues.filter(({ code }) => code !== 'custom')
    : issues;
  return telling.flatMap((issue) => problemsOf(source, keyed, value, issue));
}

function problemsOf(source: YamlSource, keyed: KeySchema, value: Node | undefined, issue: Issue): Problem[] {
  const path = issue.path.map(String);
  const name = [keyed.key, ...path].join('.');
  const node =
    nodeAt(source, value, path) ?? source.key(nodeAt(source, value, path.slice(0, -1)), path.at(-1) ?? '') ?? value;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        source.error(source.key(node, key), `${name} has no key "${key}"`, didYouMean(key, keysOf(keyed))),
      );
    case 'invalid_key': {
      const key = source.key(source.get(value, ...path.slice(0, -1)), path.at(-1) ?? '');
      return issue.issues.map((inner) => source.error(key ?? node, join(name, inner.message), mendOf(inner)));
    }
    case 'invalid_type':
      if (issue.message.startsWith('Invalid input')) {
        const what = FORMS[issue.expected] ?? `a ${issue.expected}`;
        return [source.error(node, `${name} must be ${what}`, `write ${keyed.example}`)];
      }
      return [
        source.error(
          node,
          join(name, issue.message),
          `write "{{ api_key }}" for the field api_key of a JSON secret, "{{ . }}" for the whole secret`,
        ),
      ];
    default:
      return [source.error(node, join(name, issue.message), mendOf(issue))];
  }
}

/** What stands under these names, or at these places of a list, one inside the other. */
function nodeAt(source: YamlSource, value: Node | undefined, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>(
    (node, step) => source.get(node, step) ?? (/^\d+$/.test(step) ? source.items(node)[Number(step)] : undefined),
    value,
  );
}

/** What people call the forms of YAML. */
const FORMS: Readonly<Record<string, string>> = { object: 'a map', record: 'a map', array: 'a list' };

function join(name: string, message: string): string {
  return /^[a-z]/.test(message) ? `${name} ${message}` : `${name}: ${message}`;
}

function mendOf(issue: Issue): string {
  const mend: unknown = issue.code === 'custom' ? issue.params?.mend : undefined;
  return typeof mend === 'string' ? mend : 'see the grammar of this kind in the README';
}

/** The keys that a map may have. */
function keysOf(keyed: KeySchema): string[] {
  const schema = z.toJSONSchema(keyed.schema, { io: 'input', unrepresentable: 'any' });
  return Object.keys(schema.properties ?? {});
}
