import { MOST_SECRETS } from '../secrets/secret-store.ts';
import type { Candidate } from './candidates.ts';
import { closest } from './closest.ts';
import type { IntegrationDescription } from './description.ts';
import { MOST_PROBLEMS, type Problem } from './problem.ts';
import { shortHash } from './short-hash.ts';
import type { WayIn } from './way-in.ts';
import type { YamlSource } from './yaml-source.ts';

/** Integrations out of blocks, with what is wrong between the blocks. */
export function assemble(
  source: YamlSource,
  candidates: readonly Candidate[],
): { integrations: IntegrationDescription[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const definitions = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { block } = candidate;
    if (block.refers) continue;
    const first = definitions.get(block.name);
    if (first === undefined) {
      definitions.set(block.name, candidate);
    } else if (first.block.node !== block.node) {
      const at = source.place(first.block.nameNode);
      problems.push(
        source.error(
          block.nameNode,
          `integration ${block.name} is defined twice, first at ${at.file}:${at.line}`,
          `keep one definition, and only the line "integration: ${block.name}" in the other`,
        ),
      );
    }
  }
  for (const candidate of candidates) {
    // Finding what is meant takes a look at all names; more problems than these are not told anyway.
    if (problems.length < MOST_PROBLEMS) problems.push(...referenceProblems(source, candidate, definitions));
  }

  const waysIn = new Map<string, WayIn[]>();
  for (const { block, waysIn: ways } of candidates) {
    const known = waysIn.get(block.name);
    if (known === undefined) waysIn.set(block.name, [...ways]);
    else known.push(...ways);
  }
  const integrations = [...definitions.values()].flatMap((candidate) =>
    descriptionOf(source, candidate, waysIn.get(candidate.block.name) ?? []),
  );
  problems.push(...tooMany(source, integrations, definitions));
  return { integrations, problems };
}

function referenceProblems(
  source: YamlSource,
  { block, pinned }: Candidate,
  definitions: ReadonlyMap<string, Candidate>,
): Problem[] {
  const definition = definitions.get(block.name);
  if (definition === undefined) {
    const near = closest(block.name, definitions.keys());
    return [
      source.error(
        block.nameNode,
        `integration ${block.name} is defined nowhere`,
        near === undefined ? 'add its secret and its kind of credential here' : `did you mean ${near}?`,
      ),
    ];
  }
  if (pinned === undefined || definition.pinned === undefined || pinned.host === definition.pinned.host) return [];
  const at = source.place(definition.pinned.node);
  return [
    source.error(
      pinned.node,
      `integration ${block.name} is for ${definition.pinned.host} (${at.file}:${at.line}), not for ${pinned.host}`,
      'pin this route to the same host, or define another integration',
    ),
  ];
}

function descriptionOf(
  source: YamlSource,
  { block, pinned }: Candidate,
  waysIn: readonly WayIn[],
): IntegrationDescription[] {
  const { definition, name } = block;
  if (definition === undefined || pinned === undefined) return [];
  const { secretId, secretNode, secretOptions, callers, requestOptions, credentials } = definition;
  const { allow, keep, strip, redact, keepsLinks, lane } = requestOptions;
  const at = source.place(block.nameNode);
  const said = {
    name,
    host: pinned.host,
    secretId,
    ...secretOptions,
    callers,
    allow: allow?.map(({ text }) => text),
    keep,
    strip,
    redact,
    keepsLinks,
    lane,
    credentials,
  };
  return [
    {
      ...said,
      fingerprint: shortHash(JSON.stringify(said)),
      waysIn,
      where: `${at.file}:${at.line}`,
      secretAt: source.place(secretNode),
    },
  ];
}

function tooMany(
  source: YamlSource,
  integrations: readonly IntegrationDescription[],
  definitions: ReadonlyMap<string, Candidate>,
): Problem[] {
  const secrets = new Set<string>();
  const first = integrations.find(({ secretId }) => secrets.add(secretId).size > MOST_SECRETS);
  if (first === undefined) return [];
  return [
    source.error(
      definitions.get(first.name)?.block.definition?.secretNode,
      `more than ${MOST_SECRETS} different secrets`,
      'share the integrations out among several Attachés',
    ),
  ];
}
