import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository, textOf } from '../support/files.ts';

/** What the commands are typed beside: the files that Docker Compose and the builder read, and envoy/, which is edited. */
const TAKEN = ['docker-compose.yml', 'docker-compose.local.yml', 'Dockerfile', '.dockerignore', 'envoy'];

/**
 * A copy of the repository as far as Docker reads it, so that edits harm nothing. It stands inside the repository: where an engine
 * runs on another machine, as in Docker Desktop, that is shared with it.
 */
export function copyOfRepository(): string {
  const folder = join(repository, '.local', 'compose');
  rmSync(folder, { recursive: true, force: true });
  const sent = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const path of [...TAKEN, ...sent]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(repository, path), join(folder, path), { recursive: true });
  }
  // For `npm run attache`, which is typed here as well.
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
