import { type Caller, callerName } from './callers/caller.ts';
import type { Denied, Injected } from './processor/answer.ts';
import { shortVersionId } from './secrets/secret-version.ts';

/** A decision, as it is put aside for Attaché's own log. */
export interface AuditEntry {
  /** When it was made, in ms since 1970. */
  readonly at: number;
  readonly answer: Injected | Denied;
  readonly caller: Caller;
  readonly attempt: number | undefined;
}

/** The fields of its line: those that Envoy's access log has under `attache`, with who asked. */
export function auditFields({ at, answer, caller, attempt }: AuditEntry): object {
  const common = {
    decidedAt: new Date(at).toISOString(),
    integration: answer.integration,
    attempt,
    caller: callerName(caller),
  };
  if (answer.kind === 'deny') {
    const { code, reason, secret } = answer;
    return { ...common, decision: 'denied', secret, code, reason };
  }
  const { secret, version, caller: allowed } = answer;
  return {
    ...common,
    decision: 'injected',
    secret,
    version: shortVersionId(version),
    rule: allowed?.by,
    instance: allowed?.instance,
  };
}
