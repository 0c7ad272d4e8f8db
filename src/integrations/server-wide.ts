import type { Node } from 'yaml';
import { z } from 'zod';
import { awsRegion } from '../aws/region.ts';
import { tagFault } from '../callers/caller-rule.ts';
import type { Ec2Options } from '../callers/ec2-options.ts';
import { didYouMean } from './closest.ts';
import type { ServerWide } from './description.ts';
import type { Problem } from './problem.ts';
import { readTagged } from './read-callers.ts';
import { schemaProblems } from './schema-problems.ts';
import type { YamlSource } from './yaml-source.ts';
import { booleanOf, plainOf, textOf } from './yaml-values.ts';

/** The keys of what is server-wide, wherever it stands. */
export const SERVER_WIDE_KEYS = ['tags', 'tags_from_ec2', 'hosts_from_secret_tags', 'discovery'];

/** How many values each of them may have: room for 20,000 callers in all tags together. */
const MOST_VALUES = 25_000;

/** The word that lets an instance of any VPC of the Region have the tags. */
const ANY_VPC = 'any';

const EC2 = {
  key: 'tags_from_ec2',
  example: 'tags_from_ec2: { vpc: vpc-0123456789abcdef0 }',
  schema: z.strictObject({
    region: awsRegion.optional(),
    vpc: z
      .string()
      .refine((vpc) => vpc === ANY_VPC || /^vpc-[0-9a-f]{8,17}$/.test(vpc), {
        message: 'is no id of a VPC',
        params: { mend: `write for example vpc-0123456789abcdef0, or ${ANY_VPC} for all of the Region` },
      })
      .transform((vpc) => (vpc === ANY_VPC ? undefined : vpc)),
    tag: z
      .string()
      .refine((tag) => tag.length > 0 && tag.length <= 128 && !tag.startsWith('aws:'), {
        message: 'is no key of a tag of your own',
        params: { mend: 'write 1 to 128 characters that do not begin with aws:' },
      })
      .default('attache'),
  }),
};

/** Reads the server-wide block of an Envoy configuration, `node.metadata.attache`. */
export function serverWideOfEnvoy(source: YamlSource): { serverWide: ServerWide; problems: Problem[] } {
  const block = source.get(source.root, 'node', 'metadata', 'attache');
  const read = readServerWide(source, block);
  if (block !== undefined && source.map(block) === undefined) {
    const problem = source.error(block, 'node.metadata.attache is no map', 'write tags: { <name>: [<callers>] } in it');
    return { ...read, problems: [problem] };
  }
  const unknown = source
    .pairs(block)
    .filter(({ key }) => !SERVER_WIDE_KEYS.includes(key))
    .map(({ key, keyNode }) => unknownKey(source, key, keyNode));
  return { ...read, problems: [...unknown, ...read.problems] };
}

/** Reads what is server-wide out of a map in which other keys may stand too. */
export function readServerWide(
  source: YamlSource,
  block: Node | undefined,
): { serverWide: ServerWide; problems: Problem[] } {
  for (const key of SERVER_WIDE_KEYS) plainOf(source, source.get(block, key), MOST_VALUES);
  const { tags, problems } = readTags(source, block);
  const ec2 = readEc2(source, block);
  const discovery = readDiscovery(source, block);
  const hosts = readSwitch(source, block, 'hosts_from_secret_tags');
  problems.push(...ec2.problems, ...discovery.problems, ...hosts.problems);
  const serverWide = Object.freeze({
    tags,
    tagsFromEc2: ec2.options,
    discovery: discovery.url,
    hostsFromSecretTags: hosts.isOn,
  });
  return { serverWide, problems };
}

function readTags(source: YamlSource, block: Node | undefined): { tags: ServerWide['tags']; problems: Problem[] } {
  const node = source.get(block, 'tags');
  if (node !== undefined && source.map(node) === undefined) {
    return { tags: [], problems: [source.error(node, 'tags is no map', 'write tags: { agents: [10.1.0.0/16] }')] };
  }
  const tags = new Map<string, readonly string[]>();
  const problems: Problem[] = [];
  for (const { key, keyNode, value } of source.pairs(node)) {
    const fault = tagFault(key);
    if (fault !== undefined) problems.push(source.error(keyNode, fault.reason, fault.mend));
    const read = readTagged(source, key, keyNode, value);
    problems.push(...read.problems);
    tags.set(key, read.rules);
  }
  return { tags: [...tags], problems };
}

function readEc2(
  source: YamlSource,
  block: Node | undefined,
): { options: Ec2Options | undefined; problems: Problem[] } {
  const node = source.get(block, EC2.key);
  if (node === undefined || booleanOf(node) === false) return { options: undefined, problems: [] };
  const hasVpc = source.map(node) === undefined ? booleanOf(node) !== true : source.key(node, 'vpc') !== undefined;
  if (!hasVpc) {
    const problem = source.error(
      node,
      'tags_from_ec2 names no VPC: the same private address may belong to another machine in another VPC, behind a VPN or in a container, which would then have the tags',
      `write tags_from_ec2: { vpc: <the VPC of the callers> }, or vpc: ${ANY_VPC} when no two machines of the Region share an address`,
    );
    return { options: undefined, problems: [problem] };
  }
  const read = EC2.schema.safeParse(plainOf(source, node));
  if (read.success) return { options: Object.freeze(read.data), problems: [] };
  return { options: undefined, problems: schemaProblems(source, EC2, node, read.error.issues) };
}

function readSwitch(source: YamlSource, block: Node | undefined, key: string): { isOn: boolean; problems: Problem[] } {
  const node = source.get(block, key);
  const isOn = booleanOf(node);
  if (node === undefined || isOn !== undefined) return { isOn: isOn ?? false, problems: [] };
  return { isOn: false, problems: [source.error(node, `${key} is neither true nor false`, `write ${key}: true`)] };
}

function readDiscovery(source: YamlSource, block: Node | undefined): { url: string | undefined; problems: Problem[] } {
  const node = source.get(block, 'discovery');
  if (node === undefined) return { url: undefined, problems: [] };
  const text = textOf(node) ?? '';
  if (/^https?:\/\/[a-z0-9.-]+(?::\d+)?\/?$/.test(text)) return { url: text.replace(/\/$/, ''), problems: [] };
  const problem = source.error(
    node,
    'discovery is no URL of a host',
    'write for example discovery: http://attache.int',
  );
  return { url: undefined, problems: [problem] };
}

function unknownKey(source: YamlSource, key: string, node: Node | undefined): Problem {
  if (key === 'defaults')
    return source.error(node, 'defaults is not supported yet', 'take it out until a release has it');
  return source.error(
    node,
    `"${key}" is no key of node.metadata.attache`,
    key === 'integration' || key === 'secret'
      ? "an integration stands in a route's metadata.filter_metadata"
      : didYouMean(key, SERVER_WIDE_KEYS),
  );
}
