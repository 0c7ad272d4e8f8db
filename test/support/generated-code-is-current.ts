// Generates the messages anew and compares them with those in the repository. Exit code 1 and the names when they differ.
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const committed = 'src/processor/gen';
const scratch = mkdtempSync(join(tmpdir(), 'attache-gen-'));
try {
  execFileSync('buf', ['generate', '--output', scratch], { stdio: ['ignore', 'ignore', 'inherit'] });
  const fresh = join(scratch, committed);
  const names = new Set([committed, fresh].flatMap((folder) => globSync('**/*.ts', { cwd: folder })));
  const read = (folder: string, name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const stale = [...names].filter((name) => read(committed, name) !== read(fresh, name));
  if (names.size === 0 || stale.length > 0) {
    process.stderr.write(
      `${committed} is not what proto/ generates: ${stale.join(', ')}. Type npm run proto and commit.\n`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}
