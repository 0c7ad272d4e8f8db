import { formatProblem } from '../integrations/problem.ts';
import type { SecretSource } from '../secrets/secrets-manager.ts';
import { installedEnvoy } from './ask-envoy.ts';
import { checkFile } from './check-elsewhere.ts';

/**
 * `attache check`: prints each problem on a line of its own, and how many there are.
 *
 * @param options.aws reads the secrets too.
 * @param options.envoy whether the installed Envoy is asked too, when there is one.
 * @param options.fetchDeadline how long Attaché waits for a secret, in ms.
 * @returns the exit code: 1 when one of them is an error.
 */
export async function check(
  file: string,
  options: { readonly aws: boolean; readonly envoy: boolean; readonly fetchDeadline: number },
): Promise<number> {
  const secrets = options.aws ? await openSecretsManager() : undefined;
  if (secrets === null) return 1;
  try {
    const envoy = options.envoy ? installedEnvoy() : undefined;
    const checked = await checkFile(file, { fetchDeadline: options.fetchDeadline, secrets, envoy });
    const { problems, remark, takenBy } = checked;
    for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    process.stdout.write(`${file}: ${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`);
    if (takenBy !== undefined) process.stdout.write(`Envoy ${takenBy} would start with it.\n`);
    if (remark !== undefined) process.stdout.write(`${remark}\n`);
    return errors === 0 ? 0 : 1;
  } finally {
    secrets?.close();
  }
}

/** Null, and the reason printed, when the AWS settings contradict each other. */
async function openSecretsManager(): Promise<(SecretSource & { close(): void }) | null> {
  // The AWS SDK takes longer to load than all the rest, and only --aws needs it.
  const { awsSettingsProblems, READ_DEADLINE, SecretsManager } = await import('../secrets/secrets-manager.ts');
  const problems = await awsSettingsProblems();
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  return problems.length > 0 ? null : new SecretsManager({ deadline: READ_DEADLINE });
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}
