import { readFile } from 'node:fs/promises';
import { plainEnvironment } from '../../../local/environment.ts';
import { type Exit, type Program, startProgram } from '../../../local/process.ts';
import { until } from '../../../local/until.ts';
import type { Machine } from './machine.ts';

/** A file or folder of the machine that a container sees elsewhere. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Who a process is. */
export interface Identity {
  /** `uid:gid`. */
  readonly user: string;
  readonly groups: readonly string[];
}

/** What Docker would be told. */
export interface ContainerOptions extends Identity {
  readonly name: string;
  /** The folder that is its `/`. */
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly Mount[];
  /** Whether it loses every capability for good, and cannot win any by running a setuid program. */
  readonly unprivileged: boolean;
  /** The size that a core dump may have; undefined leaves it as it is. */
  readonly core: number | undefined;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** A running container; its first process is PID 1 there. */
export interface Container {
  readonly program: Program;
  /** Its first process, as this process sees it. */
  readonly pid: number;
  /** Starts another command in it, as the same user unless another is given. */
  exec(command: readonly string[], as?: Identity): Promise<Program>;
  /** SIGTERM to its first process. Throws when it has not ended after so many seconds; it is killed then. */
  stop(graceSeconds: number): Promise<Exit>;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts a container: a process with the root, the mounts, the user and the environment that Docker would give it. */
export async function startContainer(machine: Machine, options: ContainerOptions): Promise<Container> {
  const env = { PATH: path, HOME: '/', ...options.env };
  const [first = '', ...rest] = machine.enter;
  const program = await startProgram({
    name: options.name,
    command: first,
    args: [
      ...rest,
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', mountScript(options), options.name],
      ...[...become(options, options), ...options.command],
    ],
    env: { ...plainEnvironment(), ...env },
  });
  const pid = await program.until(() => firstProcess(program.pid), { failure: `${options.name} did not start` });
  return {
    program,
    pid,
    exec: (command, as = options) =>
      startProgram({
        name: `${command[0]} in ${options.name}`,
        command: 'nsenter',
        args: [
          ...['--target', String(pid), '--mount', '--net', '--pid', '--root', '--wd', '--'],
          ...[...become(options, as), ...command],
        ],
        env: { ...plainEnvironment(), ...env },
      }),
    stop: async (graceSeconds) => {
      process.kill(pid, 'SIGTERM');
      try {
        return await until(() => program.exit, {
          failure: `${options.name} did not end after SIGTERM`,
          timeoutMs: graceSeconds * 1000,
        });
      } finally {
        await program.stop(0);
      }
    },
  };
}

/** Builds the container's root in its own mount namespace, then becomes the command that follows. */
function mountScript({ root, readOnlyRoot, mounts, workdir }: ContainerOptions): string {
  const at = (target: string) => `'${root}${target}'`;
  return [
    'set -e',
    `mount --bind '${root}' '${root}'`,
    `mount -t proc proc ${at('/proc')}`,
    `mount -t tmpfs -o mode=755 tmpfs ${at('/dev')}`,
    ...['null', 'zero', 'full', 'random', 'urandom'].flatMap((device) => [
      `touch ${at(`/dev/${device}`)}`,
      `mount --bind /dev/${device} ${at(`/dev/${device}`)}`,
    ]),
    `ln -s /proc/self/fd ${at('/dev/fd')}`,
    `mkdir -m 1777 ${at('/dev/shm')}`,
    ...mounts.flatMap(({ source, target, readOnly }) => [
      // A file is mounted on a file, a folder on a folder; it may be there already, on a mount that is read-only.
      `if [ -d '${source}' ]; then mkdir -p ${at(target)}; else mkdir -p "$(dirname ${at(target)})"; [ -e ${at(target)} ] || touch ${at(target)}; fi`,
      `mount --bind '${source}' ${at(target)}`,
      ...(readOnly ? [`mount -o remount,bind,ro ${at(target)}`] : []),
    ]),
    ...(readOnlyRoot ? [`mount -o remount,bind,ro '${root}'`] : []),
    `exec chroot '${root}' sh -c 'cd "$0" && exec "$@"' '${workdir}' "$@"`,
  ].join('\n');
}

function become({ unprivileged, core }: ContainerOptions, { user, groups }: Identity): string[] {
  const [uid = '', gid = ''] = user.split(':');
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`],
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    ...(unprivileged ? ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'] : []),
    ...(core === undefined ? [] : ['prlimit', `--core=${core}`]),
  ];
}

/** The child of `unshare --fork`, the first process of the new namespace. */
async function firstProcess(unshare: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${unshare}/task/${unshare}/children`, 'utf8');
  const pid = Number.parseInt(children, 10);
  return Number.isNaN(pid) ? undefined : pid;
}
