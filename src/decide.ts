import { CredentialError } from './credentials/credential-error.ts';
import type { Catalogue } from './integrations/catalogue.ts';
import type { Integration } from './integrations/integration.ts';
import type { Answer, Denied, Injected } from './processor/answer.ts';
import type { RequestFacts } from './processor/request-facts.ts';
import type { Rotation } from './secrets/rotation.ts';
import { SecretError } from './secrets/secret-error.ts';
import type { SecretStore } from './secrets/secret-store.ts';
import type { SecretVersion } from './secrets/secret-version.ts';

/**
 * The way of a request, from what is known of it to what becomes of it. With a usable secret at hand the answer comes in the
 * same turn; without one, or on a retry, it waits for AWS.
 */
export function decide(facts: RequestFacts, catalogue: Catalogue, secrets: SecretStore): Answer | Promise<Answer> {
  if (facts.integration === undefined) return NO_INTEGRATION;
  const integration = catalogue.get(facts.integration);
  if (integration === undefined) return unknownIntegration(facts.integration);
  if (facts.attempt === undefined) return noAttemptCount(integration);
  if (facts.authority !== integration.host) return hostMismatch(integration);
  const rotation = secrets.rotation(integration.name);
  try {
    if (facts.attempt > 1) return retry(integration, rotation, facts.tried());
    const secret = rotation.first();
    if (!(secret instanceof Promise)) return inject(integration, secret, rotation.hopeless);
    return secret
      .then((it) => inject(integration, it, rotation.hopeless))
      .catch((error) => refuse(integration, error, rotation));
  } catch (error) {
    return refuse(integration, error, rotation);
  }
}

/** The key of the attempt before was refused: another one is looked for, and what was tried is remembered. */
async function retry(integration: Integration, rotation: Rotation, tried: readonly string[]): Promise<Answer> {
  try {
    const secret = await rotation.next(tried);
    return { ...inject(integration, secret, rotation.hopeless), tried: [...tried, secret.id] };
  } catch (error) {
    return refuse(integration, error, rotation);
  }
}

function inject(integration: Integration, secret: SecretVersion, final: boolean): Injected {
  return {
    kind: 'inject',
    integration: integration.name,
    secret: integration.secretId,
    version: secret.id,
    final,
    injection: integration.injector.injection(secret),
  };
}

function refuse(integration: Integration, error: unknown, rotation: Rotation): Denied {
  const common = { kind: 'deny', integration: integration.name } as const;
  if (error instanceof CredentialError) {
    return { ...common, code: 'secret_unusable', reason: 'unusable_value', message: error.message };
  }
  if (error instanceof SecretError) {
    const { reason, message, policy } = error;
    if (policy.code === 'secret_unusable') return { ...common, code: policy.code, reason, message };
    const seconds = Math.max(1, Math.ceil(rotation.retryAfter / 1_000));
    return { ...common, code: policy.code, reason, message, retryAfter: seconds };
  }
  throw error;
}

const NO_INTEGRATION: Denied = {
  kind: 'deny',
  code: 'no_integration',
  message:
    "This route names no integration. Add metadata.filter_metadata.attache to it in Envoy's configuration, or take the filter off it.",
};

function unknownIntegration(name: string): Denied {
  return {
    kind: 'deny',
    code: 'unknown_integration',
    integration: name,
    message: `Attaché has read no integration of the name ${JSON.stringify(name)}. Define it in the file that ATTACHE_CONFIG names, and see Attaché's log for what it could not read.`,
  };
}

function noAttemptCount({ name }: Integration): Denied {
  return {
    kind: 'deny',
    code: 'no_attempt_count',
    integration: name,
    message:
      'Envoy does not say which attempt this is. Add upstream.request_attempt_count to request_attributes of the filter.',
  };
}

function hostMismatch({ name, host }: Integration): Denied {
  return {
    kind: 'deny',
    code: 'host_mismatch',
    integration: name,
    message: `The integration ${name} is for ${host} alone, and this request goes elsewhere. Give the route host_rewrite_literal: ${host}.`,
  };
}
