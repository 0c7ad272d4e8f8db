import { isIP } from 'node:net';
import { AddError } from '../add/add-error.ts';
import type { Readable } from '../add/readable.ts';
import { numberOf } from '../integrations/yaml-values.ts';

/** Where a listener is to be reached. */
export interface ListenAt {
  readonly address: string;
  readonly port: number;
}

/** Only programs of the same machine reach it: whoever does may use the keys. */
const LOOPBACK = '127.0.0.1';
const USUAL_PORT = 8080;

/**
 * Where the new listener is, as `127.0.0.1:8080`. Unless given, it is on the loopback address, on the first port from 8080 on that the
 * file does not name.
 *
 * @throws AddError for something else.
 */
export function listenAt({ source, maps }: Readable, given: string | undefined): ListenAt {
  if (given === undefined) {
    const taken = new Set(maps.map((map) => numberOf(source.get(map, 'port_value'))));
    let port = USUAL_PORT;
    while (taken.has(port)) port += 1;
    return { address: LOOPBACK, port };
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(address) === 0 || port < 1 || port > 65_535)
    throw new AddError(`--listen "${given}" is no address with a port; write for example --listen 127.0.0.1:8080`);
  return { address, port };
}
