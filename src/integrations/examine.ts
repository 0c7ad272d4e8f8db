import type { YAMLMap } from 'yaml';
import { assemble } from './assemble.ts';
import { bodyOverrideProblems } from './body-override.ts';
import { type Candidates, ofList, ofRoutes } from './candidates.ts';
import { Catalogue } from './catalogue.ts';
import { allMaps, findRoutes, misplacedBlocks, type Route } from './envoy-routes.ts';
import type { Integration } from './integration.ts';
import { type Problem, sortProblems } from './problem.ts';
import { redactionProblems, responsePassages } from './redaction-filter.ts';
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
  readonly catalogue: Catalogue;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** What an Envoy configuration or a file for RDS has at its top. */
const ENVOY_KEYS = ['static_resources', 'dynamic_resources', 'resources', 'virtual_hosts'];

/** Reads a file's text. Never throws. */
export function examine(file: string, text: string): Examined {
  try {
    const source = new YamlSource(file, text);
    return source.problems.length > 0 ? unreadable(source.problems) : read(source);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The stack of the parser, or the bound on what aliases stand for.
    const problem: Problem = {
      file,
      line: 1,
      column: 1,
      severity: 'error',
      reason: 'the file is nested too deeply, or its aliases stand for too much',
      mend: 'write it plainer',
    };
    return unreadable([problem]);
  }
}

function unreadable(problems: readonly Problem[]): Examined {
  return {
    source: undefined,
    isEnvoy: false,
    maps: [],
    routes: [],
    catalogue: new Catalogue([]),
    problems: sortProblems(problems),
  };
}

function read(source: YamlSource): Examined {
  const isEnvoy = ENVOY_KEYS.some((key) => source.key(source.root, key) !== undefined);
  const isList = source.key(source.root, 'integrations') !== undefined;
  if (!isEnvoy && !isList) {
    return unreadable([
      source.error(
        source.root,
        'this is neither an Envoy configuration nor a list of integrations',
        "name Envoy's own file, or begin with integrations:",
      ),
    ]);
  }
  const maps = isEnvoy ? allMaps(source) : [];
  const routes = findRoutes(source, maps);
  const found: Candidates = isList ? ofList(source) : ofRoutes(source, routes);
  const { integrations, problems } = assemble(source, found.candidates, found.serverWide);
  const all = [
    ...found.problems,
    ...problems,
    ...misplacedBlocks(source, maps, routes),
    ...bodyOverrideProblems(source, maps),
  ];
  const redacting = integrations.filter(({ redact }) => redact);
  if (redacting.length > 0) {
    if (isList) all.push(...redacting.map(unseenResponses));
    else {
      const names = new Set(redacting.map(({ name }) => name));
      all.push(...redactionProblems(source, responsePassages(source, maps, routes), names));
    }
  }
  if (all.length === 0 && integrations.length === 0) all.push(noIntegration(source, isList));
  return {
    source,
    isEnvoy: isEnvoy && !isList,
    maps,
    routes,
    catalogue: new Catalogue(integrations, found.serverWide),
    problems: sortProblems(all),
  };
}

function unseenResponses({ name, secretAt }: Integration): Problem {
  return {
    ...secretAt,
    severity: 'warning',
    reason: `integration ${name} has redact: true, and this file does not show whether its route switches on the filter that does it`,
    mend: 'let attache check look at the configuration of Envoy',
  };
}

function noIntegration(source: YamlSource, isList: boolean): Problem {
  const mend = isList
    ? 'add - integration: <name> with its host, its secret and a kind of credential'
    : 'add metadata: { filter_metadata: { attache: { integration: <name>, secret: <name>, bearer: "{{ . }}" } } } to a route';
  return source.warning(source.root, 'the file has no integration, so no request gets a key', mend);
}
