import { CredentialError } from '../credentials/credential-error.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Problem } from '../integrations/problem.ts';
import { SecretError } from '../secrets/secret-error.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { SecretSource } from '../secrets/secrets-manager.ts';

/** Reads each secret once, all at a time, and looks for what its integrations take from it. */
export async function checkSecrets(catalogue: Catalogue, secrets: SecretSource): Promise<Problem[]> {
  const reads = new Map([...catalogue.secretIds].map((id) => [id, secrets.fetch(id, true)]));
  const problems = await Promise.all(
    [...catalogue].map(async (integration) => {
      try {
        const version: SecretVersion | undefined = await reads.get(integration.secretId);
        if (version !== undefined) integration.injector.require(version);
        return [];
      } catch (error) {
        return [problemOf(integration, error)];
      }
    }),
  );
  return problems.flat();
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
