import type { Node } from 'yaml';
import type { Credential } from '../credentials/kind.ts';
import { KINDS } from '../credentials/kinds.ts';
import { KEYS } from './block-keys.ts';
import type { CredentialDescription } from './description.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import type { YamlSource } from './yaml-source.ts';
import { plainOf } from './yaml-values.ts';

/** The credentials that a block asks for: one or more, no two of which write the same header. What they are comes with what was written. */
export function readCredentials(
  source: YamlSource,
  block: Node,
  name: string,
): { credentials: Credential[]; descriptions: CredentialDescription[]; problems: Problem[] } {
  const credentials: Credential[] = [];
  const descriptions: CredentialDescription[] = [];
  const problems: Problem[] = [];
  const writers = new Map<string, string>();
  for (const { key, keyNode, value } of source.pairs(block)) {
    const kind = KINDS.find((candidate) => candidate.key === key);
    if (kind === undefined) continue;
    const node = source.follow(value);
    const options = plainOf(source, node);
    const result = kind.schema.safeParse(options);
    if (!result.success) {
      problems.push(...schemaProblems(source, kind, node, result.error.issues));
      continue;
    }
    const { caution } = result.data;
    if (caution !== undefined) problems.push(source.warning(keyNode, `${name}: ${caution.reason}`, caution.mend));
    credentials.push(result.data);
    descriptions.push({ kind: key, options });
    for (const place of result.data.places) {
      const other = writers.get(place);
      if (other !== undefined)
        problems.push(source.error(keyNode, `${other} and ${key} both write ${place}`, 'keep one of the two'));
      writers.set(place, key);
    }
  }
  const [only, ...others] = credentials;
  if (only !== undefined && others.length === 0 && problems.length === 0 && appendsAlone(only)) {
    problems.push(
      source.error(
        block,
        `integration ${name} appends to a header and sends no credential`,
        `add one of: ${KINDS.map(({ key }) => key).join(', ')}`,
      ),
    );
  }
  // An unknown key may be a kind of credential, misspelt.
  const keys = source.pairs(block).map(({ key }) => key);
  const hasKind = keys.some((key) => KINDS.some((kind) => kind.key === key));
  const hasUnknown = keys.some((key) => !KEYS.includes(key) && key !== 'host');
  if (!hasKind && !hasUnknown) {
    problems.push(
      source.error(
        block,
        `integration ${name} has no kind of credential`,
        `add one of: ${KINDS.map(({ key }) => key).join(', ')}`,
      ),
    );
  }
  return { credentials, descriptions, problems };
}

function appendsAlone({ appends = [], places }: Credential): boolean {
  return appends.length > 0 && appends.length === places.length;
}
