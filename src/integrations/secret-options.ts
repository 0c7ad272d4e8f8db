import type { Node } from 'yaml';
import { z } from 'zod';
import { awsRegion } from '../aws/region.ts';
import type { RotationOptions } from '../secrets/secret-state.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import type { YamlSource } from './yaml-source.ts';
import { plainOf } from './yaml-values.ts';

/** How an integration's secret is read and rotated, beyond its name. */
export interface SecretOptions {
  /** Regions that hold a replica of it, asked in this order when its own does not answer. Default none. */
  readonly replicas: readonly string[];
  readonly rotation: RotationOptions;
}

const OPTIONS = [
  {
    key: 'rotation',
    example: 'rotation: { pending: false, previous: false }',
    schema: z.strictObject({ pending: z.boolean().default(true), previous: z.boolean().default(true) }).prefault({}),
  },
  {
    key: 'replicas',
    example: 'replicas: [eu-west-1]',
    schema: z.array(awsRegion).max(10).default([]),
  },
] as const;

/** The keys that {@link readSecretOptions} reads. */
export const SECRET_OPTION_KEYS: readonly string[] = OPTIONS.map(({ key }) => key);

/** Reads the keys `rotation` and `replicas` of a block. */
export function readSecretOptions(source: YamlSource, block: Node): { options: SecretOptions; problems: Problem[] } {
  const [rotation, replicas] = OPTIONS;
  const problems: Problem[] = [];
  const read = <T>(option: { key: string; example: string; schema: z.ZodType<T> }): T => {
    const node = source.get(block, option.key);
    const result = option.schema.safeParse(node === undefined ? undefined : plainOf(source, node));
    if (result.success) return result.data;
    problems.push(...schemaProblems(source, option, node, result.error.issues));
    return option.schema.parse(undefined);
  };
  return { options: Object.freeze({ rotation: read(rotation), replicas: read(replicas) }), problems };
}
