import { isSeq, type Node } from 'yaml';
import { type CallerRule, isFault, parseCallerRule } from '../callers/caller-rule.ts';
import { didYouMean } from './closest.ts';
import type { ServerWide } from './description.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** The key that {@link readCallers} reads. */
export const CALLERS_KEY = 'callers';

/** How many rules an integration may have of its own, and how many a tag. */
const MOST_RULES = 1_000;
const MOST_TAGGED = 20_000;

const EXAMPLE = 'callers: ["tag:agents", 10.1.0.0/16]';

/** Reads the key `callers` of a block: who may use the integration. Absent, whoever can reach its route. */
export function readCallers(
  source: YamlSource,
  block: Node,
  { tags, tagsFromEc2 }: ServerWide,
): { callers: readonly string[] | undefined; problems: Problem[] } {
  const key = source.key(block, CALLERS_KEY);
  if (key === undefined) return { callers: undefined, problems: [] };
  const node = source.get(block, CALLERS_KEY);
  const { rules, problems } = readRules(
    source,
    { key: CALLERS_KEY, example: EXAMPLE, most: MOST_RULES, beyond: 'give them a tag' },
    node ?? key,
    node,
  );
  const tagNames = tags.map(([tag]) => tag);
  for (const { rule, at } of rules) {
    // EC2 may know tags that the file does not.
    if (rule.kind !== 'tag' || tagNames.includes(rule.tag) || tagsFromEc2 !== undefined) continue;
    problems.push(
      source.error(
        at,
        `there is no tag ${rule.tag}`,
        tagNames.length > 0
          ? didYouMean(rule.tag, tagNames)
          : `add tags: { ${rule.tag}: [<callers>] } to node.metadata.attache, or tags_from_ec2: { vpc: <the VPC of the callers> }`,
      ),
    );
  }
  return { callers: rules.map(({ rule }) => rule.text), problems };
}

/** Reads who has a tag. */
export function readTagged(
  source: YamlSource,
  tag: string,
  key: Node | undefined,
  value: unknown,
): { rules: string[]; problems: Problem[] } {
  const name = `tags.${tag}`;
  const node = source.follow(value);
  const { rules, problems } = readRules(
    source,
    { key: name, example: `${tag}: [10.1.0.0/16]`, most: MOST_TAGGED, beyond: 'write wider networks' },
    node ?? key,
    node,
  );
  const direct: string[] = [];
  for (const { rule, at } of rules) {
    if (rule.kind === 'tag')
      problems.push(source.error(at, `${name} names another tag`, `write out who has ${rule.text}`));
    else direct.push(rule.text);
  }
  return { rules: direct, problems };
}

/** Reads a list of rules, each with its place. */
function readRules(
  source: YamlSource,
  {
    key,
    example,
    most,
    beyond,
  }: { readonly key: string; readonly example: string; readonly most: number; readonly beyond: string },
  place: Node | undefined,
  node: Node | undefined,
): { rules: { rule: CallerRule; at: Node }[]; problems: Problem[] } {
  if (!isSeq(node)) {
    return { rules: [], problems: [source.error(place, `${key} must be a list`, `write ${example}`)] };
  }
  const items = source.items(node);
  if (items.length === 0) {
    const problem = source.error(place, `${key} is empty, so it lets nobody in`, `name at least one: ${example}`);
    return { rules: [], problems: [problem] };
  }
  if (items.length > most) {
    return { rules: [], problems: [source.error(items[most], `${key} has more than ${most} rules`, beyond)] };
  }
  const problems: Problem[] = [];
  const rules = items.flatMap((at) => {
    // What looks like a number is told from its text, as it stands in the file.
    const rule = parseCallerRule(textOf(at) ?? '');
    if (!isFault(rule)) return [{ rule, at }];
    problems.push(source.error(at, `${key}: ${rule.reason}`, rule.mend));
    return [];
  });
  return { rules, problems };
}
