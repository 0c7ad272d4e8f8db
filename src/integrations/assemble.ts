import { ALWAYS_STRIPPED, Injector } from '../credentials/injector.ts';
import { MOST_SECRETS } from '../secrets/secret-store.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Block } from './block.ts';
import type { Candidate } from './candidates.ts';
import { closest } from './closest.ts';
import type { Integration } from './integration.ts';
import type { Problem } from './problem.ts';
import type { RequestOptions } from './request-options.ts';
import type { ServerWide } from './server-wide.ts';
import type { WayIn } from './way-in.ts';
import type { YamlSource } from './yaml-source.ts';

/** Integrations out of blocks, with what is wrong between the blocks. */
export function assemble(
  source: YamlSource,
  candidates: readonly Candidate[],
  { hostsFromSecretTags: readsHosts }: Pick<ServerWide, 'hostsFromSecretTags'>,
): { integrations: Integration[]; problems: Problem[] } {
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
  for (const candidate of candidates) problems.push(...referenceProblems(source, candidate, definitions));

  const waysIn = new Map<string, WayIn[]>();
  for (const { block, waysIn: ways } of candidates)
    waysIn.set(block.name, [...(waysIn.get(block.name) ?? []), ...ways]);
  const integrations = [...definitions.values()].flatMap((candidate) =>
    integrationOf(source, candidate, waysIn.get(candidate.block.name) ?? [], readsHosts),
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

function integrationOf(
  source: YamlSource,
  { block, pinned }: Candidate,
  waysIn: readonly WayIn[],
  readsHosts: boolean,
): Integration[] {
  const { definition, name } = block;
  if (definition === undefined || pinned === undefined) return [];
  const { secretId, secretNode, secretOptions, callers, requestOptions, credentials, kinds } = definition;
  const injector = new Injector(secretId, credentials, {
    strips: strips(requestOptions),
    redacts: requestOptions.redact,
  });
  const at = source.place(block.nameNode);
  const places = credentials.flatMap((credential) => credential.places);
  return [
    Object.freeze({
      name,
      host: pinned.host,
      secretId,
      ...secretOptions,
      readsHosts,
      callers,
      allow: requestOptions.allow,
      redact: requestOptions.redact,
      links: linksOf(requestOptions, places),
      injector,
      waysIn: Object.freeze(waysIn),
      kinds: Object.freeze(kinds),
      accepts: (version: SecretVersion) => injector.accepts(version),
      places: Object.freeze(places),
      writes: Object.freeze([...new Set([...credentials.flatMap(({ writes }) => writes), ...injector.strips])]),
      service: credentials.find(({ service }) => service !== undefined)?.service,
      templates: Object.freeze(credentials.flatMap(({ templates }) => templates)),
      where: `${at.file}:${at.line}`,
      secretAt: Object.freeze(source.place(secretNode)),
    }),
  ];
}

/** Destinations repeat the URL of a request in redirects, and with it a key that stands there, unless it is taken out. */
function linksOf({ redact, keepsLinks }: RequestOptions, places: readonly string[]): Integration['links'] {
  const isInUrl = places.some((place) => place === 'path' || place.startsWith('query '));
  if (isInUrl && !redact) return 'withhold';
  return keepsLinks ? 'keep' : 'inside';
}

/** The headers of a caller that go no further. */
function strips({ allow, keep, redact }: RequestOptions): string[] {
  return [
    ...ALWAYS_STRIPPED.filter((name) => !keep.includes(name)),
    ...(allow === undefined ? [] : OVERRIDES),
    ...(redact ? UNSEARCHABLE : []),
  ];
}

/** Headers by which many frameworks let a request be another one than its method and path say. */
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url'];

/** Headers that ask for a response in which a value cannot be found: compressed, or in pieces. */
const UNSEARCHABLE = ['accept-encoding', 'grpc-accept-encoding', 'connect-accept-encoding', 'range', 'if-range'];

function tooMany(
  source: YamlSource,
  integrations: readonly Integration[],
  definitions: ReadonlyMap<string, Candidate>,
): Problem[] {
  const secrets = new Set<string>();
  const first = integrations.find(({ secretId }) => secrets.add(secretId).size > MOST_SECRETS);
  if (first === undefined) return [];
  const block: Block | undefined = definitions.get(first.name)?.block;
  return [
    source.error(
      block?.definition?.secretNode,
      `more than ${MOST_SECRETS} different secrets`,
      'share the integrations out among several Attachés',
    ),
  ];
}
