import { statSync } from 'node:fs';

/** The user and group that Envoy has in its container, as docker-compose.yml says. */
export const ENVOY_ID = 101;

const READ = 4;
const ENTER = 1;

/** Which of these Envoy's user could not use: a key that it may not read, a folder that it may not enter. */
export function closedToEnvoy(paths: readonly string[]): string[] {
  return paths.filter((path) => {
    const stats = statSync(path);
    const need = stats.isDirectory() ? ENTER : READ;
    const shift = stats.uid === ENVOY_ID ? 6 : stats.gid === ENVOY_ID ? 3 : 0;
    return ((stats.mode >> shift) & need) === 0;
  });
}
