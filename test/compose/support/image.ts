import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Container, type Mount, startContainer } from './container.ts';
import { type Dockerfile, type ImageConfig, imageConfig, parseCopy } from './dockerfile.ts';
import type { Machine } from './machine.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

/** An image: a folder, what this machine adds to it, and how it is run. */
export interface Image {
  readonly root: string;
  /** The machine's own system files, in place of the base image's. */
  readonly mounts: readonly Mount[];
  readonly config: ImageConfig;
}

/** The base image of the Dockerfile, or any other, as far as this machine can stand in for it: /usr and one program. */
export async function baseImage(machine: Machine, name: string, program: string, binary: string): Promise<Image> {
  const root = await machine.folder(`images/${name}`);
  for (const folder of ['usr', 'etc', 'proc', 'dev', 'tmp', 'app']) {
    await mkdir(join(root, folder));
  }
  const local = await machine.folder(`programs/${name}`);
  await mkdir(join(local, 'bin'));
  await writeFile(join(local, 'bin', program), '');
  const mounts: Mount[] = [
    { source: '/usr', target: '/usr', readOnly: true },
    { source: local, target: '/usr/local', readOnly: true },
    // From here on a file mount: what the binary is and where it lies may be for root alone.
    { source: binary, target: `/usr/local/bin/${program}`, readOnly: true },
  ];
  for (const folder of ['bin', 'sbin', 'lib', 'lib64'].filter((name) => existsSync(`/${name}`))) {
    if (lstatSync(`/${folder}`).isSymbolicLink()) {
      await symlink(readlinkSync(`/${folder}`), join(root, folder));
    } else {
      mounts.push({ source: `/${folder}`, target: `/${folder}`, readOnly: true });
    }
  }
  const config = { user: undefined, workdir: '/', env: {}, entrypoint: [], command: [], healthcheck: undefined };
  return { root, mounts, config };
}

/** Builds the images of a Dockerfile's stages. */
export interface Builder {
  /**
   * Builds a stage, instruction by instruction, as root in a container, after the stages that it needs, each once. Only
   * what needs a package registry, `npm ci`, is done from this repository's own node_modules.
   */
  build(stage: string): Promise<Image>;
}

/** Prepares to build on this machine; nothing is built yet. */
export function createBuilder(machine: Machine, dockerfile: Dockerfile): Builder {
  const built = new Map<string, Image>();
  const build = async (name: string): Promise<Image> => {
    const stage = dockerfile.get(name);
    const known = built.get(name);
    if (known !== undefined || stage === undefined) {
      return known ?? baseImage(machine, name.replaceAll(/\W/g, '-'), 'node', process.execPath);
    }
    const below = await build(stage.from);
    const root = join(await machine.folder('stages'), name);
    await copyTree(machine, below.root, root);
    const image = { root, mounts: [...below.mounts], config: imageConfig(dockerfile, name) };
    for (const { keyword, text } of stage.instructions) {
      if (keyword === 'COPY') {
        const { from, sources, target } = parseCopy(text);
        for (const source of sources) {
          const to = join(root, image.config.workdir, target, target.endsWith('/') ? source : '');
          if (from === undefined) {
            await cp(join(repository, source), to, { recursive: true });
          } else {
            await copyTree(machine, join((await build(from)).root, source), to);
          }
        }
      } else if (keyword === 'RUN') {
        await run(machine, image, text);
      }
    }
    built.set(name, image);
    return image;
  };
  return { build };
}

/** Both are folders of this machine, which nobody writes once they are built: links do, and are quick. */
async function copyTree(machine: Machine, from: string, to: string): Promise<void> {
  await machine.run(['cp', '--archive', '--link', '--no-target-directory', from, to]);
}

async function run(machine: Machine, image: Image & { mounts: Mount[] }, text: string): Promise<void> {
  const app = join(image.root, image.config.workdir);
  const [, script] = /^npm run (\S+)$/.exec(text) ?? [];
  if (text === 'npm ci') {
    const target = join(image.config.workdir, 'node_modules');
    image.mounts.push({ source: join(repository, 'node_modules'), target, readOnly: true });
  } else if (text.startsWith('npm ci --omit=dev ')) {
    await copyProductionPackages(machine, app);
  } else if (script !== undefined) {
    const { scripts } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
    await runIn(machine, image, `PATH="$PWD/node_modules/.bin:$PATH"; ${scripts[script]}`);
  } else {
    await runIn(machine, image, text);
  }
}

async function runIn(machine: Machine, image: Image, command: string): Promise<void> {
  const container: Container = await startContainer(machine, {
    name: `RUN ${command}`,
    ...image,
    readOnlyRoot: false,
    user: '0:0',
    groups: [],
    unprivileged: false,
    core: undefined,
    workdir: image.config.workdir,
    env: image.config.env,
    command: ['sh', '-c', command],
  });
  const { code } = await container.program.exited;
  if (code !== 0) {
    throw new Error(`RUN ${command} failed:\n${container.program.lastWords()}`);
  }
}

/** What `npm ci --omit=dev` installs, by the lock file, out of what is installed here. */
async function copyProductionPackages(machine: Machine, app: string): Promise<void> {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  const wanted = Object.keys(packages).filter(
    // What lies inside of another package comes along with it.
    (path) => path.lastIndexOf('node_modules/') === 0 && packages[path].dev !== true,
  );
  const present = wanted.filter((path) => existsSync(join(repository, path)));
  await machine.run(['sh', '-c', 'cd "$0" && exec cp --archive --parents "$@"', repository, ...present, app]);
}
