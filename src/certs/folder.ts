import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type PairFiles, pairFiles } from './pair-files.ts';

/** Where each file of `attache certs` stands; the names are those of envoy.yaml. */
export interface CertsFolder {
  readonly directory: string;
  /** Verifies the server; its key signs everything. */
  readonly ca: PairFiles;
  /** The CAs that Envoy accepts callers from. */
  readonly callers: string;
  readonly server: PairFiles;
  readonly clients: string;
}

export function certsFolder(directory: string): CertsFolder {
  return {
    directory,
    ca: pairFiles(join(directory, 'ca')),
    callers: join(directory, 'callers.pem'),
    server: pairFiles(join(directory, 'server')),
    clients: join(directory, 'clients'),
  };
}

/** The certificates of clients that are there; none when the folder is not. */
export function clientsIn({ clients }: CertsFolder): PairFiles[] {
  try {
    const names = readdirSync(clients).filter((name) => /^[^.].*\.pem$/.test(name));
    return names.sort().map((name) => pairFiles(join(clients, name.slice(0, -'.pem'.length))));
  } catch {
    return [];
  }
}
