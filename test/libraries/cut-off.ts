import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../../local/environment.ts';
import { forgetGroup, privateFolder, watchGroup } from '../../local/guard.ts';
import { runProgram } from '../../local/process.ts';

/** Brings loopback up, and sends every question for a name to 127.0.0.1, whatever else the machine has to answer them. */
const SCRIPT = `
set -e
mount --bind "$1/resolv.conf" /etc/resolv.conf
if [ -e /etc/nsswitch.conf ]; then mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf; fi
ip link set lo up
shift
exec "$@"
`;

/**
 * Runs a script of Node where nothing but loopback can be reached: in a network of its own, which ends with it.
 *
 * @returns its exit code
 * @throws Error when this machine has no such networks, or does not let this user have one
 */
export async function runCutOff(script: string, args: readonly string[]): Promise<number> {
  const folder = privateFolder();
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  writeFileSync(join(folder, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const inside = [...asRoot, '--net', '--mount', 'sh', '-c', SCRIPT, 'cut-off', folder];
  await runProgram({ name: 'unshare', command: 'unshare', args: [...inside, 'true'], env: plainEnvironment() }).catch(
    (error: Error) => {
      throw new Error(
        `The programs run where they can reach nothing but the proxy: in a network of their own, which takes Linux with unshare and ip, and root or the right to make user namespaces. ${error.message}`,
        { cause: error },
      );
    },
  );
  const child = spawn('unshare', [...inside, process.execPath, script, ...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const group = child.pid ?? 0;
  watchGroup(group);
  const [code] = (await once(child, 'exit')) as [number | null];
  forgetGroup(group);
  return code ?? 1;
}
