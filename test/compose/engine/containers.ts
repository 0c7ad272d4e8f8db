import { until } from '../../../local/until.ts';
import type { Shell } from './shell.ts';

/** A container of a project, as `docker compose ps` tells of it. */
export interface ContainerView {
  readonly ID: string;
  readonly Service: string;
  readonly State: string;
  readonly Health: string;
  readonly ExitCode: number;
}

/** The containers of a project, ended ones too, by service. */
export async function containersOf(shell: Shell): Promise<ReadonlyMap<string, ContainerView>> {
  const { stdout } = await shell.type('docker compose ps --all --format json');
  const text = stdout.trim();
  // Older ones print a list, newer ones a line for each.
  const views = (
    text.startsWith('[')
      ? JSON.parse(text)
      : text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
  ) as ContainerView[];
  return new Map(views.map((view) => [view.Service, view]));
}

/** Waits until these services are healthy. */
export async function healthy(shell: Shell, ...services: readonly string[]): Promise<void> {
  let seen = '';
  await until(
    async () => {
      const containers = await containersOf(shell);
      seen = [...containers.values()].map(({ Service, State, Health }) => `${Service} ${State} ${Health}`).join(', ');
      return services.every((name) => containers.get(name)?.Health === 'healthy');
    },
    { failure: `${services.join(', ')} were not healthy`, timeoutMs: 900_000, everyMs: 500 },
  ).catch((error: Error) => {
    throw new Error(`${error.message} (${seen})`);
  });
}
