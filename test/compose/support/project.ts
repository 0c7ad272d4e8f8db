import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from '../../../local/process.ts';
import { until } from '../../../local/until.ts';
import { type Compose, type Service, serviceOf } from './compose-file.ts';
import { type Container, type Mount, startContainer } from './container.ts';
import type { Image } from './image.ts';
import type { Machine } from './machine.ts';

/** What a program left behind. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The services of a Compose file on a machine without Docker. */
export interface Project {
  /** Starts a service after those that it depends on, each once; resolves when it is healthy. */
  up(service: string): Promise<Container>;
  /** Runs one more container of a service to its end, with the service's command or another: `docker compose run`. */
  runOnce(service: string, ...command: readonly string[]): Promise<Ended>;
  /** The command of a service's healthcheck. */
  healthcheck(service: string): readonly string[];
  /** Kills what runs. */
  down(): Promise<void>;
}

export interface ProjectOptions {
  readonly compose: Compose;
  /** The repository: paths in the Compose file start from here. */
  readonly folder: string;
  readonly images: Readonly<Record<string, Image>>;
  /** Services that run already, without a container. */
  readonly running: readonly string[];
  /** The user's shell: where variables without a value come from. */
  readonly shell: Readonly<Record<string, string | undefined>>;
}

/** Waits for the end of a program that ends by itself, 15 s at most. */
export async function ended(program: Program): Promise<Ended> {
  const { code } = await until(() => program.exit, { failure: `${program.name} did not end` });
  return { code, stdout: program.stdout.entries.join('\n'), stderr: program.stderr.entries.join('\n') };
}

/** Prepares a project; nothing runs yet. */
export function createProject(machine: Machine, options: ProjectOptions): Project {
  const { compose } = options;
  const containers = new Map<string, Promise<Container>>();

  const launch = async (name: string, command?: readonly string[]): Promise<Container> => {
    const service = serviceOf(compose, name);
    const image = imageOf(name);
    const { user = image.config.user ?? '0:0', group_add: groups = [] } = service;
    return startContainer(machine, {
      name,
      root: image.root,
      readOnlyRoot: service.read_only === true,
      mounts: [...image.mounts, ...(await mountsOf(service, image)), await hostsOf(name, service)],
      user,
      groups,
      unprivileged: service.cap_drop?.includes('ALL') === true,
      core: service.ulimits?.core,
      workdir: image.config.workdir,
      env: { ...image.config.env, ...environmentOf(service) },
      command: [...image.config.entrypoint, ...(command ?? service.command ?? image.config.command)],
    });
  };

  const begin = async (name: string): Promise<Container> => {
    for (const other of Object.keys(serviceOf(compose, name).depends_on)) {
      if (!options.running.includes(other)) {
        await project.up(other);
      }
    }
    const container = await launch(name);
    const test = project.healthcheck(name);
    await container.program.until(async () => (await (await container.exec(test)).exited).code === 0, {
      failure: `${name} did not get healthy`,
      timeoutMs: 30_000,
      everyMs: 100,
    });
    return container;
  };

  const imageOf = (name: string): Image => {
    const image = options.images[name];
    if (image === undefined) {
      throw new Error(`the test has no image for the service "${name}"`);
    }
    return image;
  };

  const mountsOf = async (service: Service, image: Image): Promise<Mount[]> => {
    const mounts: Mount[] = [];
    for (const { source, target, readOnly, copy } of service.volumes) {
      const named = !source.startsWith('./');
      const folder = named ? machine.volume(source) : join(options.folder, source);
      // As Docker does: an empty volume starts as a copy of the folder that it covers.
      if (named && copy && compose.volumes[source]?.driver_opts === undefined && (await readdir(folder)).length === 0) {
        await machine.run(['cp', '--archive', '--no-target-directory', join(image.root, target), folder]);
      }
      mounts.push({ source: folder, target, readOnly });
    }
    return mounts;
  };

  /** What Docker's DNS would tell this service: the names of those with whom it shares a network. */
  const hostsOf = async (name: string, service: Service): Promise<Mount> => {
    const names = Object.entries(compose.services)
      .filter(([other]) => other !== name)
      .flatMap(([other, { networks }]) =>
        [...networks]
          .filter(([network]) => service.networks.has(network))
          .flatMap(([, aliases]) => [other, ...aliases]),
      );
    const file = join(await machine.folder('hosts'), name);
    await writeFile(file, ['localhost', ...names].map((host) => `127.0.0.1 ${host}\n`).join(''));
    return { source: file, target: '/etc/hosts', readOnly: true };
  };

  const environmentOf = (service: Service): Record<string, string> => {
    const given = [...service.environment].map(([name, value]) => [name, value ?? options.shell[name]] as const);
    return Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
  };

  const project: Project = {
    up: (name) => {
      const container = containers.get(name) ?? begin(name);
      containers.set(name, container);
      return container;
    },
    runOnce: async (name, ...command) => {
      const { program } = await launch(name, command.length === 0 ? undefined : command);
      return ended(program);
    },
    healthcheck: (name) => {
      const test = serviceOf(compose, name).healthcheck?.test.slice(1) ?? imageOf(name).config.healthcheck;
      if (test === undefined) {
        throw new Error(`neither the service "${name}" nor its image has a healthcheck`);
      }
      return test;
    },
    down: async () => {
      for (const container of await Promise.allSettled(containers.values())) {
        await (container.status === 'fulfilled' ? container.value.program.stop(0) : undefined);
      }
    },
  };
  return project;
}
