import { Deadline } from './cache/deadline.ts';
import { type Caller, callerName } from './callers/caller.ts';
import { ANYONE, type Verdict } from './callers/caller-policy.ts';
import type { InstanceTags } from './callers/instance-tags.ts';
import type { Injection } from './credentials/injection.ts';
import type { Injector } from './credentials/injector.ts';
import { discover } from './discovery/discover.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import type { Integration } from './integrations/integration.ts';
import type { Leaving } from './integrations/leaving.ts';
import { matches } from './paths/allow-rule.ts';
import { methodFault } from './paths/method.ts';
import { partsFault } from './paths/part-count.ts';
import { PathError } from './paths/path-error.ts';
import type { AllowedCaller, Decision, Denied, Injected } from './processor/answer.ts';
import { isRefusal, NO_ANSWER } from './processor/attempts.ts';
import { dialectOf } from './processor/dialect.ts';
import { type RequestFacts, withPath } from './processor/request-facts.ts';
import {
  callerRefused,
  givesNoBody,
  hostMismatch,
  mayNotGoThere,
  NO_INTEGRATION,
  noAttemptCount,
  notAllowed,
  notInRules,
  ofFailure,
  unknownIntegration,
} from './refusals.ts';
import type { SecretStore } from './secrets/secret-store.ts';
import type { SecretVersion } from './secrets/secret-version.ts';
import type { VersionChoice } from './secrets/version-choice.ts';
import { TokenError } from './tokens/token-error.ts';
import type { TokenStore } from './tokens/token-store.ts';

/** After how many refused keys of one request the answer to the next one stands: no secret has more versions in use. */
const MOST_REFUSALS = 2;

/** What a decision draws on. */
export interface Holdings {
  readonly catalogue: Catalogue;
  /** What a change has just taken away. Absent: nothing. */
  readonly leaving?: Leaving;
  readonly secrets: SecretStore;
  readonly tokens: TokenStore;
  /** Tells the tags of EC2 instances. Absent while nobody asks for them. */
  readonly instances: InstanceTags | undefined;
  /** How long a decision may take in all, whatever it waits for, in ms. */
  readonly fetchDeadline: number;
}

/** A request that may get its credential, with where that comes from. */
interface Case {
  readonly facts: RequestFacts & { readonly attempt: number };
  /** Absent where everybody may. */
  readonly caller: AllowedCaller | undefined;
  readonly integration: Integration;
  readonly versions: VersionChoice;
  readonly tokens: TokenStore;
  readonly deadline: Deadline;
}

/**
 * The way of a request, from what is known of it to what becomes of it. With a usable secret at hand the answer comes in the
 * same turn; without one, or on a retry, it waits for AWS, or for whoever gives a token for it.
 */
export function decide(facts: RequestFacts, holdings: Holdings): Decision | Promise<Decision> {
  const deadline = new Deadline(holdings.fetchDeadline);
  if (facts.isDiscovery) return discover(facts, { ...holdings, deadline });
  const decision = decided(facts, holdings, deadline);
  return decision instanceof Promise
    ? decision.then((it) => named(it, facts, holdings))
    : named(decision, facts, holdings);
}

/** A refusal says whom it refuses, in the way in which its client reads it. */
function named(decision: Decision, facts: RequestFacts, { catalogue }: Holdings): Decision {
  if (decision.kind !== 'deny') return decision;
  const service = decision.integration === undefined ? undefined : catalogue.get(decision.integration)?.service;
  const contentType = facts.headers().find(([name]) => name === 'content-type')?.[1] ?? '';
  const dialect = dialectOf(contentType, service);
  return { ...decision, caller: callerName(facts.caller), ...(dialect === undefined ? {} : { dialect }) };
}

function decided(facts: RequestFacts, holdings: Holdings, deadline: Deadline): Decision | Promise<Decision> {
  if (facts.integration === undefined) return NO_INTEGRATION;
  const { integration: name, authority, attempt } = facts;
  const integration = holdings.leaving?.of(name, authority, attempt) ?? holdings.catalogue.get(name);
  if (integration === undefined) return unknownIntegration(facts.integration);
  if (!knowsAttempt(facts)) return noAttemptCount(integration);
  if (facts.authority !== integration.host) return hostMismatch(integration);
  if (integration.callers === ANYONE) return allowed(facts, integration, undefined, holdings, deadline);
  const { caller } = facts;
  const verdict = integration.callers.decide(caller, deadline, holdings.instances);
  if (!(verdict instanceof Promise)) return judged(facts, integration, caller, verdict, holdings, deadline);
  return verdict.then((it) => judged(facts, integration, caller, it, holdings, deadline));
}

function judged(
  facts: Case['facts'],
  integration: Integration,
  caller: Caller,
  verdict: Verdict,
  holdings: Holdings,
  deadline: Deadline,
): Decision | Promise<Decision> {
  return verdict.allowed
    ? allowed(facts, integration, verdict, holdings, deadline)
    : callerRefused(integration, caller, verdict.unknown, holdings.catalogue);
}

/** The caller may use the integration: is it for this request? */
function allowed(
  sent: Case['facts'],
  integration: Integration,
  caller: AllowedCaller | undefined,
  { catalogue, secrets, tokens }: Holdings,
  deadline: Deadline,
): Decision | Promise<Decision> {
  const { injector, allow } = integration;
  const fault = methodFault(sent.method) ?? partsFault(sent.path);
  if (fault !== undefined) return notAllowed(integration, fault);
  const facts = asMade(sent, injector);
  if (facts instanceof PathError) return notAllowed(integration, facts.message);
  if (allow !== undefined && !matches(allow, facts.method, facts.path))
    return notInRules(integration, allow, catalogue);
  const refusal = injector.refusal(facts);
  if (refusal !== undefined) return notAllowed(integration, refusal);
  if (injector.readsBody && facts.hasUnreadBody) {
    return facts.givesBodies ? { kind: 'read-body', integration: integration.name } : givesNoBody(integration);
  }
  const it: Case = { facts, caller, integration, versions: secrets.choice(integration), tokens, deadline };
  // A destination that refuses a token says nothing about the secret that it was got with.
  const before = facts.attempt > 1 && !injector.sendsTokensAlone ? facts.before() : [];
  const refused = before.flatMap(({ status, version }) => (isRefusal(status) ? [version] : []));
  if (refused.length === 0) return current(it);
  // After a connection that broke, or a 503, it is sent again: that says nothing of the key.
  return isRefusal(before.at(-1)?.status ?? NO_ANSWER) ? another(it, refused) : current(it, refused);
}

/** The request as its caller made it: an earlier attempt may have left its own in the path. */
function asMade(sent: Case['facts'], injector: Injector): Case['facts'] | PathError {
  if (sent.attempt <= 1 || !sent.wasInjected()) return sent;
  try {
    const path = injector.callersPath(sent.path);
    return path === sent.path ? sent : withPath(sent, path);
  } catch (error) {
    if (error instanceof PathError) return error;
    throw error;
  }
}

/** With the version of the secret that is used by default, or by a request for which these were refused before. */
function current(it: Case, refused?: readonly string[]): Decision | Promise<Decision> {
  try {
    const secret = refused === undefined ? it.versions.first(it.deadline) : it.versions.again(refused, it.deadline);
    if (!(secret instanceof Promise)) return inject(it, secret, refused);
    return secret.then((version) => inject(it, version, refused)).catch((error) => refuse(it, error));
  } catch (error) {
    return refuse(it, error);
  }
}

/**
 * With another version than those that were tried, by the destination or by whoever gives tokens.
 *
 * @param failure what follows when there is no other; without one, the same version is sent again and its refusal stands.
 */
async function another(it: Case, tried: readonly string[], failure?: TokenError): Promise<Decision> {
  try {
    const secret = await it.versions.next(tried, it.deadline);
    if (failure !== undefined && tried.includes(secret.id)) return refuse(it, failure);
    return await inject(it, secret, tried);
  } catch (error) {
    return refuse(it, error);
  }
}

function inject(it: Case, secret: SecretVersion, tried?: readonly string[]): Decision | Promise<Decision> {
  const { hosts } = it.versions;
  if (hosts !== undefined && !hosts.includes(it.integration.host)) return mayNotGoThere(it.integration, hosts);
  try {
    const injection = it.integration.injector.injection(secret, it.facts, it.tokens, it.deadline);
    if (!(injection instanceof Promise)) return injected(it, secret, injection);
    return injection.then((done) => injected(it, secret, done)).catch((error) => failed(it, secret, error, tried));
  } catch (error) {
    return failed(it, secret, error, tried);
  }
}

function failed(it: Case, secret: SecretVersion, error: unknown, tried: readonly string[] = []) {
  const isRefused = error instanceof TokenError && error.reason === 'refused';
  return isRefused ? another(it, [...tried, secret.id], error) : refuse(it, error);
}

function injected(
  { integration, versions, facts, caller }: Case,
  secret: SecretVersion,
  injection: Injection,
): Injected {
  const { name, secretId } = integration;
  const before = facts.attempt > 1 ? facts.before() : [];
  const refusals = before.filter(({ status }) => isRefusal(status)).length;
  return {
    kind: 'inject',
    integration: name,
    secret: secretId,
    version: secret.id,
    final: injection.final || versions.hopeless || refusals >= MOST_REFUSALS,
    injection,
    ...(before.length === 0 ? {} : { before }),
    ...(integration.links === 'inside' ? {} : { links: integration.links }),
    ...(caller === undefined ? {} : { caller }),
  };
}

function refuse({ integration, versions }: Case, error: unknown): Denied {
  return ofFailure(integration, error, versions.retryAfter);
}

function knowsAttempt(facts: RequestFacts): facts is RequestFacts & { readonly attempt: number } {
  return facts.attempt !== undefined;
}
