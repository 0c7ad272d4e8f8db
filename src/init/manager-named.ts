import { AddError } from '../add/add-error.ts';
import { type Manager, managers } from '../add/listeners.ts';
import type { Readable } from '../add/readable.ts';

/**
 * The connection manager that is meant by the name of its listener or by its stat_prefix.
 *
 * @throws AddError when there is none, when there are several, or when its routes do not stand in the file.
 */
export function managerNamed(readable: Readable, name: string): Manager {
  const { source } = readable;
  const all = managers(readable);
  const list = all
    .map(
      ({ listener, prefix, node }) => `${listener} (stat_prefix ${prefix}, ${source.file}:${source.place(node).line})`,
    )
    .join(', ');
  const [found, other] =
    [all.filter(({ listener }) => listener === name), all.filter(({ prefix }) => prefix === name)]
      .toSorted((one, two) => one.length - two.length)
      .filter((them) => them.length > 0)[0] ?? [];
  if (found === undefined)
    throw new AddError(
      all.length === 0
        ? `${source.file} has no listener with an HTTP connection manager; leave --listener out, and one is added`
        : `no listener with an HTTP connection manager has the name or the stat_prefix ${name}; there are ${list}`,
    );
  if (other !== undefined)
    throw new AddError(`${name} stands for several connection managers; name one by its stat_prefix: ${list}`);
  const elsewhere = ['rds', 'scoped_routes'].find((field) => source.get(found.node, field) !== undefined);
  if (elsewhere !== undefined)
    throw new AddError(
      `the routes of ${name} come by ${elsewhere} (${source.file}:${source.place(source.get(found.node, elsewhere)).line}), so no integration can be added here; leave --listener out, and one with routes of its own is added`,
    );
  return found;
}
