import type { ListenAddress } from '../processor/listen-address.ts';

/** What a worker's number stands in for in an address. */
export const WORKER = '{worker}';

/** `host:port`, the port from 0 to 65535. */
export function isHostPort(text: string): boolean {
  const [, port] = /^(?:\[[0-9a-fA-F:.]+\]|[^:[\]\s/]+):(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535;
}

/**
 * The address of one worker: `{worker}` is its number, in a path as in a port (`0.0.0.0:5005{worker}` is 50050, 50051, …).
 *
 * @returns undefined when the result is neither `unix:/path` nor `host:port`.
 */
export function addressOf(template: string, worker: number): ListenAddress | undefined {
  const text = template.replaceAll(WORKER, String(worker));
  if (/^unix:\/./.test(text)) return { path: text.slice('unix:'.length) };
  return isHostPort(text) ? { hostPort: text } : undefined;
}

/** Where a worker listens: one address for each template, all of which have been found good. */
export function addressesOf(templates: readonly string[], worker: number): ListenAddress[] {
  return templates.map((template) => {
    const address = addressOf(template, worker);
    if (address === undefined) throw new RangeError(`${template} is no address for worker ${worker}`);
    return address;
  });
}

/**
 * Why these templates cannot be the addresses of so many workers: one sentence for each that cannot. Two workers on one
 * address would leave it to the operating system which of them gets a connection, and Envoy keeps few connections.
 */
export function addressProblems(templates: readonly string[], workers: number): string[] {
  return templates.flatMap((template) => {
    const name = JSON.stringify(template);
    if (addressOf(template, 0) === undefined) return [`${name} must be unix:/path/to.sock or host:port`];
    if (workers === 1) return [];
    if (!template.includes(WORKER)) {
      const mend = template.startsWith('unix:') ? 'unix:/run/attache/{worker}.sock' : '127.0.0.1:5005{worker}';
      return [`${name} must hold {worker}, so that each of ${workers} workers has its own; for example ${mend}`];
    }
    const last = addressOf(template, workers - 1);
    return last === undefined ? [`${name} is no address for worker ${workers - 1}: its port is beyond 65535`] : [];
  });
}
