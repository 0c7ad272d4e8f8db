import { ReadError } from './cache/read-error.ts';
import { type Caller, callerName } from './callers/caller.ts';
import type { LookupError } from './callers/lookup-error.ts';
import { CredentialError } from './credentials/credential-error.ts';
import { UnfitRequestError } from './credentials/unfit-request-error.ts';
import { BODIES_ATTRIBUTE } from './integrations/body-override.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import type { Integration } from './integrations/integration.ts';
import type { AllowRule } from './paths/allow-rule.ts';
import type { Denied } from './processor/answer.ts';
import { HOSTS_TAG } from './secrets/hosts-tag.ts';
import { TokenError } from './tokens/token-error.ts';

/** The route names no integration. */
export const NO_INTEGRATION: Denied = {
  kind: 'deny',
  code: 'no_integration',
  message:
    "This route names no integration. Add metadata.filter_metadata.attache to it in Envoy's configuration, or take the filter off it.",
};

/** The route names an integration that the file does not have. */
export function unknownIntegration(name: string): Denied {
  return {
    kind: 'deny',
    code: 'unknown_integration',
    integration: name,
    message: `Attaché has read no integration of the name ${JSON.stringify(name)}. Define it in the file that ATTACHE_CONFIG names, and see Attaché's log for what it could not read.`,
  };
}

/** Without the count, a retry could not be told from a first attempt. */
export function noAttemptCount({ name }: Integration): Denied {
  return {
    kind: 'deny',
    code: 'no_attempt_count',
    integration: name,
    message:
      'Envoy does not say which attempt this is. Add upstream.request_attempt_count to request_attributes of the filter.',
  };
}

/** The request goes to another host than the integration's. */
export function hostMismatch({ name, host }: Integration): Denied {
  return {
    kind: 'deny',
    code: 'host_mismatch',
    integration: name,
    message: `The integration ${name} is for ${host} alone, and this request goes elsewhere. Give the route host_rewrite_literal: ${host}.`,
  };
}

/** The owner of the secret does not let it go to this host. */
export function mayNotGoThere({ name, host, secretId }: Integration, hosts: readonly string[]): Denied {
  return {
    kind: 'deny',
    code: 'host_mismatch',
    integration: name,
    reason: 'secret_hosts',
    message: `The secret ${secretId} may go to ${hosts.length === 0 ? 'no host' : `${hosts.join(', ')} alone`}, as its owner says in the tag ${HOSTS_TAG}, and not to ${host}.`,
  };
}

/** The caller is none of those that the integration is for; or it is not known yet who it is. */
export function callerRefused(
  { name }: Integration,
  caller: Caller,
  unknown: LookupError | undefined,
  { discovery }: Catalogue,
): Denied {
  const common = { kind: 'deny', integration: name } as const;
  if (unknown !== undefined) {
    const { reason, message, policy } = unknown;
    const retryAfter = Math.max(1, Math.ceil(policy.coldRetry.first / 1_000));
    return { ...common, code: 'caller_unknown', reason, message, retryAfter };
  }
  return {
    ...common,
    code: 'caller_not_allowed',
    // Who else may is none of this caller's business.
    message: `The integration ${name} is not for this caller, ${callerName(caller)}.${seeDiscovery(discovery)}`,
  };
}

/** The method or the path is none of those that are allowed. */
export function notInRules(integration: Integration, allow: readonly AllowRule[], { discovery }: Catalogue): Denied {
  const message = `The integration ${integration.name} allows ${allow.map(({ text }) => text).join(', ')} alone, and the path must be written in a plain way.${seeDiscovery(discovery)}`;
  return notAllowed(integration, message);
}

function seeDiscovery(address: string | undefined): string {
  return address === undefined ? '' : ` ${address} tells what you may use.`;
}

/** The request is none that may be made with the integration. */
export function notAllowed({ name }: Integration, message: string): Denied {
  return { kind: 'deny', code: 'request_not_allowed', integration: name, message };
}

/** The body is needed, and Envoy would send the request on without handing it over. */
export function givesNoBody({ name }: Integration): Denied {
  return {
    kind: 'deny',
    code: 'no_body',
    integration: name,
    message: `The integration ${name} signs bodies, and Envoy does not hand them over. Give the filter allow_mode_override: true and the attribute ${BODIES_ATTRIBUTE}, or, for S3, write payload: unsigned.`,
  };
}

/**
 * What a caller is told of a failure to get its credential.
 *
 * @param secretRetryAfter ms until a secret that cannot be had is asked for again.
 * @throws the failure itself when it is one that nobody has foreseen.
 */
export function ofFailure(integration: Integration, error: unknown, secretRetryAfter: number): Denied {
  const common = { kind: 'deny', integration: integration.name, secret: integration.secretId } as const;
  if (error instanceof UnfitRequestError) return notAllowed(integration, error.message);
  if (error instanceof CredentialError) {
    return { ...common, code: 'secret_unusable', reason: 'unusable_value', message: error.message };
  }
  if (error instanceof ReadError) {
    const { reason, message, policy } = error;
    const isToken = error instanceof TokenError;
    if (policy.isVerdict) return { ...common, code: isToken ? 'token_refused' : 'secret_unusable', reason, message };
    const wait = isToken ? error.pause : secretRetryAfter;
    const retryAfter = Math.max(1, Math.ceil(wait / 1_000));
    return { ...common, code: isToken ? 'token_unavailable' : 'secret_unavailable', reason, message, retryAfter };
  }
  throw error;
}
