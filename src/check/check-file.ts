import type { YAMLMap } from 'yaml';
import { build } from '../integrations/build.ts';
import type { CatalogueDescription } from '../integrations/description.ts';
import { isBootstrap } from '../integrations/envoy-file.ts';
import { type Examined, examine } from '../integrations/examine.ts';
import type { Integration } from '../integrations/integration.ts';
import { liveRoutes } from '../integrations/live-routes.ts';
import { foremost, type Problem, sortProblems } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { patience } from '../processor/patience.ts';
import { encodeLive } from '../routes/encode-live.ts';
import type { SecretSource } from '../secrets/secrets-manager.ts';
import { checkAttacheCluster } from './attache-cluster-rule.ts';
import type { AttacheFilter } from './attache-filter.ts';
import { checkBodies, checkBodyLimits } from './bodies-rule.ts';
import { checkCallers, checkClaims } from './callers-rule.ts';
import { checkSecrets } from './check-secrets.ts';
import { type Configuration, configuration } from './configuration.ts';
import { checkDestination } from './destination-rule.ts';
import { checkDiscovery } from './discovery-rule.ts';
import { checkDomains } from './domains-rule.ts';
import { checkExpress } from './express-rule.ts';
import { checkBooleans } from './file-rules.ts';
import { checkFilter } from './filter-rule.ts';
import { checkForwarding } from './forward-rule.ts';
import { checkInTheWay } from './in-the-way-rule.ts';
import { checkLinks } from './links-rule.ts';
import { checkLiteralKeys } from './literal-keys-rule.ts';
import { checkLive } from './live-rule.ts';
import { checkLookalikes } from './lookalike-rule.ts';
import { checkMutations } from './mutation-rule.ts';
import { checkOddClients } from './odd-clients-rule.ts';
import { checkOverload } from './overload-rule.ts';
import { findPassages, type Passage } from './passages.ts';
import { checkPatience } from './patience-rule.ts';
import { checkRedaction } from './redaction-rule.ts';
import { checkRefusals } from './refusals-rule.ts';
import { checkRegions } from './region-rule.ts';
import { checkRepeats, checkRetries } from './retries-rule.ts';
import { checkRoutes } from './routes-rule.ts';
import { checkLogs } from './secrets-in-logs-rule.ts';
import { checkTimeouts } from './timeouts-rule.ts';
import { checkTracing } from './tracing-rule.ts';
import { checkTrailers } from './trailers-rule.ts';
import { checkTunnels } from './tunnels-rule.ts';

/** What a check looks at besides the file. */
export interface CheckOptions {
  /** Reads the secrets too, to see that each is there and has its fields. */
  readonly secrets?: SecretSource | undefined;
  /** How long Attaché waits for a secret (ATTACHE_FETCH_DEADLINE), in ms. Default 2000. */
  readonly fetchDeadline?: number;
}

/** Everything about a text that would fail later, in its order. Problems with the file itself are among them. */
export async function checkText(file: string, text: string, options: CheckOptions = {}): Promise<Problem[]> {
  const { problems, description } = await judgeText(file, text, options);
  return withSecrets(problems, description, options);
}

/** What is to be said of a text. */
export interface Judged {
  readonly problems: Problem[];
  /** What is valid of it. */
  readonly description: CatalogueDescription;
  /** What could be better, though it works as it is. */
  readonly remark: string | undefined;
}

/** The part of it that only looks at the text, with what is valid of it. */
export async function judgeText(
  file: string,
  text: string,
  options: Pick<CheckOptions, 'fetchDeadline'>,
): Promise<Judged> {
  const examined = examine(file, text);
  const { faults } = await encodeLive(examined);
  const problems = foremost([...examined.problems, ...ruleProblems(examined, options), ...faults]);
  return { problems, description: examined.description, remark: remarkOn(examined) };
}

/** How routes that Envoy reads when it starts could be in use as soon as they are written. */
function remarkOn({ source, isEnvoy, maps, routes }: Examined): string | undefined {
  if (source === undefined || !isEnvoy || !isBootstrap(source)) return undefined;
  const live = new Set(liveRoutes(source, maps).map(({ routeConfig }) => routeConfig));
  const isLate = routes.some(({ block, routeConfig }) => block !== undefined && !live.has(routeConfig as YAMLMap));
  return isLate
    ? 'Envoy reads these routes when it starts. To have edits in use at once, while it runs, let them stand in a listener without a port and be asked for by rds, as in the envoy.yaml that comes with Attaché.'
    : undefined;
}

/** What the rules say of a file, beyond what is wrong with its integrations. */
export function ruleProblems(
  examined: Examined,
  { fetchDeadline = 2_000 }: Pick<CheckOptions, 'fetchDeadline'>,
): Problem[] {
  return [...rules(examined, patience(fetchDeadline))];
}

/** The part of it that reads the secrets, added to the other. */
export async function withSecrets(
  problems: readonly Problem[],
  description: CatalogueDescription,
  { secrets }: CheckOptions,
): Promise<Problem[]> {
  if (secrets === undefined) return [...problems];
  return sortProblems([...problems, ...(await checkSecrets(build(description), secrets))]);
}

/** @param longest how long Attaché may ask Envoy to wait, in ms. */
function* rules({ source, isEnvoy, catalogue, maps, routes }: Examined, longest: number): Generator<Problem> {
  if (source === undefined || !isEnvoy) return;
  const config = configuration({ source, catalogue, maps, routes });
  const passages = findPassages(config);
  yield* checkLive(config, passages);
  yield* checkRoutes(config, passages);
  yield* checkExpress(config, passages);
  yield* checkRetries(config, passages);
  yield* checkRepeats(config, passages);
  yield* checkPatience(config, passages);
  yield* checkOddClients(config, passages);
  yield* checkRefusals(config, passages);
  yield* checkBodyLimits(config, passages);
  yield* checkOverload(config, passages);
  yield* checkRegions(config, passages);
  for (const [filter, integrations] of filtersOf(passages)) {
    yield* checkFilter(config, filter);
    yield* checkTimeouts(config, filter, longest);
    yield* checkForwarding(config, filter);
    yield* checkClaims(config, filter, integrations);
    yield* checkLookalikes(
      config,
      filter,
      passages.filter((it) => it.filter === filter && it.asks),
    );
    yield* checkMutations(config, filter, integrations);
    yield* checkBodies(config, filter, integrations);
    const cluster = clusterOf(config, filter);
    if (cluster !== undefined) yield* checkAttacheCluster(config, cluster);
  }
  for (const cluster of new Set(passages.filter(({ asks }) => asks).map((passage) => passage.cluster))) {
    if (cluster !== undefined) yield* checkDestination(config, cluster);
  }
  yield* checkRedaction(config);
  yield* checkDiscovery(config, longest);
  const asking = passages.filter(({ asks, filter }) => asks && filter?.side === 'cluster');
  for (const cluster of new Set(asking.map((passage) => passage.cluster))) {
    if (cluster !== undefined) yield* checkTrailers(config, cluster);
  }
  yield* checkLinks(config, passages);
  yield* checkInTheWay(config, passages);
  yield* checkLogs(config);
  yield* checkTracing(config);
  yield* checkBooleans(config);
  yield* checkCallers(config);
  yield* checkTunnels(config);
  yield* checkDomains(config, passages);
  yield* checkLiteralKeys(config);
}

/** Each filter that a request may meet, with the integrations whose requests do. */
function filtersOf(passages: readonly Passage[]): Map<AttacheFilter, Integration[]> {
  const filters = new Map<AttacheFilter, Integration[]>();
  for (const { filter, integration } of passages) {
    if (filter === undefined) continue;
    const integrations = filters.get(filter) ?? [];
    filters.set(filter, integration === undefined ? integrations : [...integrations, integration]);
  }
  return filters;
}

function clusterOf({ source, clusters }: Configuration, { config }: AttacheFilter): YAMLMap | undefined {
  return clusters.get(textOf(source.get(config, 'grpc_service', 'envoy_grpc', 'cluster_name')) ?? '');
}
