import { ANYONE, CallerPolicy, type Callers, type TagTable } from '../callers/caller-policy.ts';
import { type CallerRule, type DirectRule, isFault, parseCallerRule } from '../callers/caller-rule.ts';
import { CallerTable } from '../callers/caller-table.ts';
import { ALWAYS_STRIPPED, ALWAYS_STRIPPED_PARAMETERS, OVERRIDES, UNSEARCHABLE } from '../credentials/callers-own.ts';
import { Injector } from '../credentials/injector.ts';
import type { Credential } from '../credentials/kind.ts';
import { KINDS } from '../credentials/kinds.ts';
import { parseAllowRule } from '../paths/allow-rule.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { Catalogue } from './catalogue.ts';
import type { CatalogueDescription, CredentialDescription, IntegrationDescription, ServerWide } from './description.ts';
import type { Integration } from './integration.ts';
import { IN_QUERY } from './request-options.ts';
import { shortHash } from './short-hash.ts';

/** How many callers of a tag are made ready in one step. */
const CALLERS_A_STEP = 100;

/** Makes a catalogue, all at once. */
export function build(description: CatalogueDescription): Catalogue {
  const steps = building(description);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Makes a catalogue in short steps, one for each integration, so that others may have their turn in between.
 *
 * @param before the catalogue that it replaces: an integration that has not changed keeps what was made for it.
 */
export function* building(
  { serverWide, integrations }: CatalogueDescription,
  before?: Catalogue,
): Generator<undefined, Catalogue> {
  const { tags, hostsFromSecretTags } = serverWide;
  const fingerprint = shortHash(JSON.stringify([tags, hostsFromSecretTags]));
  const known = before?.common.fingerprint === fingerprint ? before : undefined;
  const common = known?.common ?? { tags: yield* tagTable(tags), fingerprint };
  const built: Integration[] = [];
  for (const description of integrations) {
    const same = known?.get(description.name);
    built.push(
      same?.fingerprint === description.fingerprint
        ? Object.freeze({ ...same, ...standing(description) })
        : integrationOf(description, common.tags, hostsFromSecretTags),
    );
    yield;
  }
  return new Catalogue(built, common, serverWide);
}

/** Where an integration stands, and how it is reached. */
function standing({ waysIn, where, secretAt }: IntegrationDescription) {
  return { waysIn: Object.freeze(waysIn), where, secretAt: Object.freeze(secretAt) };
}

function* tagTable(tags: ServerWide['tags']): Generator<undefined, TagTable> {
  const entries: (readonly [DirectRule, string])[] = [];
  for (const [tag, texts] of tags) {
    for (const text of texts) {
      const rule = ruleOf(text);
      if (rule.kind !== 'tag') entries.push([rule, tag]);
      if (entries.length % CALLERS_A_STEP === 0) yield;
    }
  }
  return yield* CallerTable.building(entries, CALLERS_A_STEP);
}

function integrationOf(description: IntegrationDescription, tags: TagTable, readsHosts: boolean): Integration {
  const { name, host, secretId, replicas, rotation, redact, lane, fingerprint } = description;
  const credentials = description.credentials.map(credentialOf);
  const kinds = credentials.map(({ places }, index) =>
    Object.freeze({ kind: description.credentials[index]?.kind ?? '', places }),
  );
  const stripsParameters = parametersToStrip(description);
  const injector = new Injector(secretId, credentials, {
    strips: strips(description),
    stripsParameters,
    redacts: redact,
  });
  const places = credentials.flatMap((credential) => credential.places);
  const writes = [...new Set([...credentials.flatMap((it) => it.writes), ...injector.strips])];
  return Object.freeze({
    name,
    host,
    secretId,
    replicas: Object.freeze(replicas),
    rotation: Object.freeze(rotation),
    readsHosts,
    callers: callersOf(description.callers, tags),
    allow: description.allow && Object.freeze(description.allow.map(parseAllowRule)),
    redact,
    lane,
    links: linksOf(description, places),
    injector,
    fingerprint,
    ...standing(description),
    kinds: Object.freeze(kinds),
    accepts: (version: SecretVersion) => injector.accepts(version),
    places: Object.freeze(places),
    service: credentials.find(({ service }) => service !== undefined)?.service,
    writes: Object.freeze(writes),
    appends: Object.freeze(credentials.flatMap(({ appends = [] }) => appends.map(({ name: header }) => header))),
    mutates: Object.freeze(stripsParameters.length === 0 ? writes : [...new Set([...writes, ':path'])]),
    templates: Object.freeze(credentials.flatMap(({ templates }) => templates)),
  });
}

function callersOf(texts: readonly string[] | undefined, tags: TagTable): Callers {
  return texts === undefined ? ANYONE : new CallerPolicy(texts.map(ruleOf), tags);
}

/** @throws RangeError for a rule that was not judged before. */
function ruleOf(text: string): CallerRule {
  const rule = parseCallerRule(text);
  if (isFault(rule)) throw new RangeError(rule.reason);
  return rule;
}

/** @throws RangeError for a kind that there is not, and what its schema throws for options that were not judged before. */
function credentialOf({ kind: key, options }: CredentialDescription): Credential {
  const kind = KINDS.find((candidate) => candidate.key === key);
  if (kind === undefined) throw new RangeError(`${key} is no kind of credential`);
  return kind.schema.parse(options);
}

/** Destinations repeat the URL of a request in redirects, and with it a key that stands there, unless it is taken out. */
function linksOf({ redact, keepsLinks }: IntegrationDescription, places: readonly string[]): Integration['links'] {
  const isInUrl = places.some((place) => place === 'path' || place.startsWith('query '));
  if (isInUrl && !redact) return 'withhold';
  return keepsLinks ? 'keep' : 'inside';
}

/** The headers of a caller that go no further. */
function strips({ allow, keep, strip, redact }: IntegrationDescription): string[] {
  return [
    ...ALWAYS_STRIPPED.filter((name) => !keep.includes(name)),
    ...strip.filter((name) => !name.startsWith(IN_QUERY)),
    ...(allow === undefined ? [] : OVERRIDES),
    ...(redact ? UNSEARCHABLE : []),
  ];
}

/** The parameters of a caller's query that go no further. */
function parametersToStrip({ keep, strip }: IntegrationDescription): string[] {
  return [
    ...ALWAYS_STRIPPED_PARAMETERS.filter((name) => !keep.includes(`${IN_QUERY}${name}`)),
    ...strip.filter((name) => name.startsWith(IN_QUERY)).map((name) => name.slice(IN_QUERY.length)),
  ];
}
