import type { Catalogue } from './integrations/catalogue.ts';
import type { Denied, Injected } from './processor/answer.ts';
import type { ResponseFacts } from './processor/response-facts.ts';
import type { Hidden } from './processor/response-redaction.ts';
import type { Redactions } from './redaction/redactions.ts';
import type { SecretStore } from './secrets/secret-store.ts';

/** Remembers what a request carries, where its response must not bring it back. */
export function rememberHidden({ injection, integration, version }: Injected, redactions: Redactions): void {
  const { hidden, tokens } = injection;
  if (hidden === undefined) return;
  for (const id of [undefined, ...tokens]) {
    redactions.remember(
      idOf(integration, id ?? version),
      hidden.filter(({ token }) => token === id),
    );
  }
}

/**
 * What a response may hold that must not come back. Where it cannot be told, the response is not passed on.
 */
export function hide(
  facts: ResponseFacts,
  { catalogue, secrets, redactions }: { catalogue: Catalogue; secrets: SecretStore; redactions: Redactions },
): Hidden {
  const integration = catalogue.get(facts.integration ?? '');
  if (integration !== undefined && !integration.redact) return 'nothing';
  if (facts.record === undefined) return facts.isOfDestination ? NO_RECORD : 'nothing';
  const { versions, tokens } = facts.record;
  if (versions.length === 0) return 'nothing';
  if (integration === undefined) return UNKNOWN;
  const byId = new Map([...versions, ...tokens].map((id) => [idOf(integration.name, id), id]));
  // Another worker may have sent it; each has the same versions of a secret.
  const otherwise = (id: string) => {
    const version = secrets.version(integration.name, byId.get(id) ?? '');
    return version && integration.injector.hiddenOf(version);
  };
  return redactions.formsOf([...byId.keys()], otherwise) ?? UNKNOWN;
}

function idOf(integration: string, id: string): string {
  return `${integration}/${id}`;
}

const NO_RECORD: Denied = {
  kind: 'deny',
  code: 'no_record',
  message:
    'Envoy does not tell what this request carried, so it cannot be taken out of the response. Give both filters metadata_options with attache in receiving_namespaces and forwarding_namespaces.',
};

const UNKNOWN: Denied = {
  kind: 'deny',
  code: 'redaction_unavailable',
  retryAfter: 1,
  message:
    'What this request carried is not known to the Attaché that was asked, so it cannot be taken out of the response. It may have been started anew meanwhile; try again.',
};
