import { SecretError } from './secret-error.ts';

/** How long a Region may take to answer before the next one is asked as well, in ms. */
const PATIENCE = 800;

/**
 * Reads from a secret's own Region and, when that fails for a reason that passes or is slow, from those of its replicas, one after
 * the other. The first answer counts. A verdict of the own Region (access denied, not found) is final; one of a replica
 * says nothing about the secret.
 *
 * @param own undefined stands for the Region of the AWS settings.
 * @throws SecretError of the own Region, when no Region has answered.
 */
export async function readFromRegions<T>(
  own: string | undefined,
  replicas: readonly string[],
  read: (region: string | undefined) => Promise<T>,
): Promise<T> {
  const first = read(own);
  if (replicas.length === 0) return first;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let running = 1;
    let failure: unknown;
    const waiting = [...replicas];

    const next = () => {
      clearTimeout(timer);
      const region = waiting.shift();
      if (region === undefined) {
        if (running === 0) reject(failure);
        return;
      }
      running += 1;
      read(region).then(succeed, ended);
      timer = setTimeout(next, PATIENCE);
    };
    const succeed = (value: T) => {
      clearTimeout(timer);
      waiting.length = 0;
      resolve(value);
    };
    const ended = () => {
      running -= 1;
      next();
    };

    timer = setTimeout(next, PATIENCE);
    first.then(succeed, (error) => {
      failure = error;
      if (error instanceof SecretError && error.policy.isVerdict) {
        clearTimeout(timer);
        waiting.length = 0;
        reject(error);
        return;
      }
      ended();
    });
  });
}
