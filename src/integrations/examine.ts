import type { YAMLMap } from 'yaml';
import { assemble } from './assemble.ts';
import { bodyOverrideProblems } from './body-override.ts';
import { build } from './build.ts';
import { type Candidates, ofList, ofRoutes } from './candidates.ts';
import type { Catalogue } from './catalogue.ts';
import type { CatalogueDescription, IntegrationDescription } from './description.ts';
import {
  envoyFileInWords,
  isBootstrap,
  isWithoutAttache,
  strangeFile,
  versionTwo,
  versionTwoProblem,
} from './envoy-file.ts';
import { allMaps, findRoutes, misplacedBlocks, type Route } from './envoy-routes.ts';
import { foremost, type Problem } from './problem.ts';
import { redactionProblems, responsePassages } from './redaction-filter.ts';
import { BoundError } from './yaml-bounds.ts';
import { YamlSource } from './yaml-source.ts';

/** Everything that a file says about integrations, right or wrong. */
export interface Examined {
  /** Absent for a file that cannot be read as YAML. */
  readonly source: YamlSource | undefined;
  /** Whether it is an Envoy configuration; otherwise a plain list of integrations, or neither. */
  readonly isEnvoy: boolean;
  readonly maps: readonly YAMLMap[];
  readonly routes: readonly Route[];
  /** What is valid of it. */
  readonly description: CatalogueDescription;
  /** The same, ready for use; made when it is first asked for. */
  readonly catalogue: Catalogue;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** What an Envoy configuration or a file for RDS has at its top. */
const ENVOY_KEYS = ['static_resources', 'dynamic_resources', 'resources', 'virtual_hosts'];

/** Reads a file's text. Never throws. */
export function examine(file: string, text: string): Examined {
  const source = new YamlSource(file, text);
  if (source.problems.length > 0) return unreadable(source.problems);
  try {
    return read(source);
  } catch (error) {
    if (!(error instanceof BoundError)) throw error;
    return unreadable([
      { ...source.placeOf(error.offset), severity: 'error', reason: error.message, mend: error.mend },
    ]);
  }
}

function unreadable(problems: readonly Problem[]): Examined {
  return examined({
    source: undefined,
    isEnvoy: false,
    maps: [],
    routes: [],
    description: { serverWide: { tags: [], hostsFromSecretTags: false }, integrations: [] },
    problems: foremost(problems),
  });
}

/** Makes the catalogue only when somebody asks for it. */
function examined(parts: Omit<Examined, 'catalogue'>): Examined {
  let catalogue: Catalogue | undefined;
  return Object.defineProperty(parts, 'catalogue', {
    enumerable: true,
    get: () => (catalogue ??= build(parts.description)),
  }) as Examined;
}

function read(source: YamlSource): Examined {
  const isEnvoy = ENVOY_KEYS.some((key) => source.key(source.root, key) !== undefined);
  const isList = source.key(source.root, 'integrations') !== undefined;
  if (!isEnvoy && !isList) {
    return unreadable([strangeFile(source)]);
  }
  const maps = isEnvoy ? allMaps(source) : [];
  const old = isList ? undefined : versionTwo(source, maps);
  if (old !== undefined) return unreadable([versionTwoProblem(source, old)]);
  const routes = findRoutes(source, maps);
  const found: Candidates = isList ? ofList(source) : ofRoutes(source, routes);
  const { integrations, problems } = assemble(source, found.candidates);
  const all = [
    ...found.problems,
    ...problems,
    ...misplacedBlocks(source, maps, routes),
    ...bodyOverrideProblems(source, maps),
  ];
  all.push(...redactionFaults(source, { isList, maps, routes, integrations }));
  if (all.length === 0 && integrations.length === 0) all.push(noIntegration(source, { isList, maps, routes }));
  return examined({
    source,
    isEnvoy: isEnvoy && !isList,
    maps,
    routes,
    description: { serverWide: found.serverWide, integrations },
    problems: foremost(all),
  });
}

function redactionFaults(
  source: YamlSource,
  {
    isList,
    maps,
    routes,
    integrations,
  }: Pick<Examined, 'maps' | 'routes'> & {
    readonly isList: boolean;
    readonly integrations: readonly IntegrationDescription[];
  },
): Problem[] {
  const redacting = integrations.filter(({ redact }) => redact);
  if (redacting.length === 0) return [];
  if (isList) return foremost(redacting.map(unseenResponses));
  const names = new Set(redacting.map(({ name }) => name));
  return foremost(redactionProblems(source, responsePassages(source, maps, routes), names));
}

function unseenResponses({ name, secretAt }: IntegrationDescription): Problem {
  return {
    ...secretAt,
    severity: 'warning',
    reason: `integration ${name} has redact: true, and this file does not show whether its route switches on the filter that does it`,
    mend: 'let attache check look at the configuration of Envoy',
  };
}

function noIntegration(
  source: YamlSource,
  { isList, maps, routes }: Pick<Examined, 'maps' | 'routes'> & { readonly isList: boolean },
): Problem {
  if (!isList && isBootstrap(source) && isWithoutAttache(source, maps, routes))
    return source.warning(
      source.root,
      `this is ${envoyFileInWords(source, maps, routes)}, and nothing in it asks Attaché, so no request gets a key: it lacks a cluster where Attaché is, a cluster with the filter that asks it, and a route with an attache block`,
      `type attache init ${source.file}, which adds them and says what it does; then attache add NAME --file ${source.file}`,
    );
  const mend = isList
    ? 'add - integration: <name> with its host, its secret and a kind of credential'
    : 'type attache add NAME, or add metadata: { filter_metadata: { attache: { integration: <name>, secret: <name>, bearer: "{{ . }}" } } } to a route';
  return source.warning(source.root, 'the file has no integration, so no request gets a key', mend);
}
