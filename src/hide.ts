import type { Catalogue } from './integrations/catalogue.ts';
import type { Leaving } from './integrations/leaving.ts';
import type { Denied, Injected } from './processor/answer.ts';
import type { ResponseFacts } from './processor/response-facts.ts';
import type { Hidden } from './processor/response-redaction.ts';
import type { HiddenValue } from './redaction/forms.ts';
import type { Redactions } from './redaction/redactions.ts';
import type { Seal } from './redaction/seal.ts';
import type { SecretStore } from './secrets/secret-store.ts';

/** What a request carries that its response must not bring back, sealed, by the id of its version or token. */
export function sealHidden(
  { injection, integration, version }: Injected,
  seal: Seal,
): Record<string, string[]> | undefined {
  const { hidden, tokens } = injection;
  if (hidden === undefined) return undefined;
  const sealedOf = (token: string | undefined, id: string) =>
    hidden.filter((part) => part.token === token).map((part) => seal.close(part, idOf(integration, id)));
  return Object.fromEntries([
    [version, sealedOf(undefined, version)],
    ...tokens.map((id) => [id, sealedOf(id, id)] as const),
  ]);
}

/** What it takes to tell what a response may hold. */
export interface HideContext {
  readonly catalogue: Catalogue;
  /** What a change has just taken away. Absent: nothing. */
  readonly leaving?: Leaving;
  readonly secrets: SecretStore;
  readonly seal: Seal;
  readonly redactions: Redactions;
}

/** What a response may hold that must not come back. Where it cannot be told, the response is not passed on. */
export function hide(facts: ResponseFacts, { catalogue, leaving, secrets, seal, redactions }: HideContext): Hidden {
  const name = facts.integration ?? '';
  const candidates = [catalogue.get(name), ...(leaving?.named(name) ?? [])];
  const integration = candidates.find((it) => it?.redact) ?? candidates.find((it) => it !== undefined);
  if (integration !== undefined && !integration.redact) return 'nothing';
  if (facts.record === undefined) return facts.isOfDestination ? NO_RECORD : 'nothing';
  const { versions, tokens, sealed } = facts.record;
  if (versions.length === 0) return 'nothing';
  if (integration === undefined) return UNKNOWN;
  // A version with which no token could be got was tried, but never sent; one that was sent may have a seal of another Attaché.
  const hiddenOf = (id: string) => {
    const version = secrets.version(integration, id);
    return version && integration.injector.hiddenOf(version);
  };
  const values: HiddenValue[] = [];
  const unsealed: HiddenValue[] = [];
  try {
    for (const id of new Set([...versions, ...tokens])) {
      const own = opened(sealed(id), idOf(integration.name, id), seal);
      unsealed.push(...(own ?? []));
      const known = own ?? hiddenOf(id);
      if (known === undefined) return UNKNOWN;
      values.push(...known);
    }
    return redactions.formsOf(values);
  } finally {
    // They were made for this question; what a version holds is its own.
    for (const { bytes } of unsealed) bytes.fill(0);
  }
}

/** Undefined when they were not sealed, or not with this seal. */
function opened(texts: readonly string[] | undefined, about: string, seal: Seal): HiddenValue[] | undefined {
  if (texts === undefined) return undefined;
  const values = texts.flatMap((text) => {
    const bytes = seal.open(text, about);
    return bytes === undefined ? [] : [{ name: about, bytes }];
  });
  return values.length === texts.length ? values : undefined;
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
    'What this request carried is not known to the Attaché that was asked, so it cannot be taken out of the response. It may have been started anew meanwhile; try again. If it happens always, let attache check look at the metadata_options of both filters.',
};
