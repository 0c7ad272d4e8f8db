import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { privateFolder } from '../../local/guard.ts';
import { findEnvoy, findMinistack } from '../../local/tools.ts';
import { commandLine } from '../support/command-line.ts';
import { runCutOff } from './cut-off.ts';
import { groupOf, groupsOf, type Installed, install } from './install.ts';
import { allCases } from './rows.ts';

const { only } = commandLine(
  'npm run test:libraries',
  `Calls each API of the catalogue with the real client libraries at pinned versions, pointed at the proxy by the very line that attache add prints: by http_proxy and a name that nobody resolves, unless the catalogue says that a library reads no http_proxy. Fails when a request does not arrive at the vendor's stand-in, at the right path, with the real key and without the program's own, and when a program asks for any other host. Libraries of Go, and programs that are taken from the PATH, are skipped where they are missing: the table says so, and the exit code stays 0.`,
  {
    only: {
      says: 'only the rows whose "API language package" contains one of these',
      default: [],
      unit: 'text',
      defaultSays: 'all',
    },
  },
);
const progress = (line: string) => console.error(line);

const cases = allCases(only);
if (cases.length === 0) {
  console.error(
    `no row's "API language package" contains "${only.join('" or "')}"; the rows stand in test/libraries/rows`,
  );
  process.exit(1);
}

const installed: Record<string, Installed> = {};
// Installers are heavy: two at once, on a machine that has other things to do.
const installs = new PQueue({ concurrency: 2 });
await Promise.all(
  // A group is installed whole, whichever of its rows are asked for: the next run then finds it.
  [...groupsOf(allCases())]
    .filter(([name]) => cases.some((it) => groupOf(it) === name))
    .map(([name, group]) =>
      installs.add(async () => {
        installed[name] = await install(group, progress);
      }),
    ),
);
await findEnvoy({ progress });
await findMinistack(progress);

// From here on nothing is fetched any more.
const file = join(privateFolder(), 'installed.json');
writeFileSync(file, JSON.stringify(installed));
process.exitCode = await runCutOff(join(import.meta.dirname, 'calls.ts'), [file, ...only]);
