import { CredentialError } from '../credentials/credential-error.ts';
import { sendsWholeJson } from '../credentials/whole-json.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Problem } from '../integrations/problem.ts';
import { HOSTS_TAG } from '../secrets/hosts-tag.ts';
import { SecretError } from '../secrets/secret-error.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { SecretSource } from '../secrets/secrets-manager.ts';

/** Reads each secret once, all at a time, and looks for what its integrations take from it. */
export async function checkSecrets(catalogue: Catalogue, secrets: SecretSource): Promise<Problem[]> {
  const readsHosts = [...catalogue].some((integration) => integration.readsHosts);
  const reads = new Map([...catalogue.secretIds].map((id) => [id, secrets.fetch(id, true, { readsHosts })]));
  const problems = await Promise.all(
    [...catalogue].map(async (integration) => {
      try {
        const version: SecretVersion | undefined = await reads.get(integration.secretId);
        if (version === undefined) return [];
        integration.injector.require(version);
        return [...forbidden(integration, version), ...tooMuch(integration, version)];
      } catch (error) {
        return [problemOf(integration, error)];
      }
    }),
  );
  return problems.flat();
}

/** A secret that may not go where its integration sends it. */
function forbidden({ name, host, secretAt }: Integration, { hosts }: SecretVersion): Problem[] {
  if (hosts === undefined || hosts.includes(host)) return [];
  const reason = `integration ${name}: its secret may not go to ${host}, by its tag ${HOSTS_TAG}`;
  return [{ ...secretAt, severity: 'error', reason, mend: 'ask the owner of the secret to add the host to the tag' }];
}

/** A secret of which more is sent than one key. */
function tooMuch({ name, host, secretAt, templates }: Integration, version: SecretVersion): Problem[] {
  if (!sendsWholeJson(templates, version)) return [];
  const reason = `integration ${name}: {{ . }} sends the whole JSON of its secret to ${host}, every field of it`;
  return [{ ...secretAt, severity: 'warning', reason, mend: 'name the field with the key, for example {{ api_key }}' }];
}

function problemOf({ name, secretAt }: Integration, error: unknown): Problem {
  if (!(error instanceof SecretError || error instanceof CredentialError)) throw error;
  const [reason = '', ...mend] = error.message.split('; ');
  return {
    ...secretAt,
    severity: 'error',
    reason: `integration ${name}: ${reason}`,
    mend: mend.join('; ') || 'see there',
  };
}
