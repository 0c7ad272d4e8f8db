import { mkdirSync } from 'node:fs';
import { CatalogueError } from '../integrations/problem.ts';
import { CertsError } from './certs-error.ts';
import { completeAuthority, completeCallers, completeClient, completeServer, type Say } from './complete.ts';
import { certsFolder, clientsIn } from './folder.ts';
import { type ListenerFile, readListenerFile } from './listener-file.ts';
import { nextSteps } from './next-steps.ts';
import type { PairFiles } from './pair-files.ts';
import { namesOfVirtualHosts, type ServerNames, serverName } from './server-names.ts';
import { spiffeId } from './spiffe-id.ts';
import { findTlsListeners } from './tls-listeners.ts';

/** What is typed behind `attache certs DIR`. */
export interface CertsOptions {
  /** Envoy's configuration; {@link readListenerFile} has the default. */
  readonly file?: string;
  /** The server's names. Default: the domains of the configuration's virtual hosts, localhost and 127.0.0.1. */
  readonly name?: readonly string[];
  /** SPIFFE IDs, each of which gets a certificate. */
  readonly client?: readonly string[];
  /** Life of the server's and the clients' certificates, 1 to {@link MOST_DAYS}. */
  readonly days: string;
}

/** Some clients refuse a server's certificate that is valid for longer. */
const MOST_DAYS = 825;

/**
 * `attache certs`: makes what is missing of a CA, a server's certificate and the clients' ones, keeps what is there, and
 * prints how to use them. What was typed is looked at before anything is written.
 *
 * @returns the exit code: 1 when something was not made, for a reason that was printed.
 * @throws CatalogueError when the configuration is needed and cannot be read.
 */
export async function certs(directory: string, options: CertsOptions): Promise<number> {
  try {
    await makeCertificates(directory, options);
    return 0;
  } catch (error) {
    if (!(error instanceof CertsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function makeCertificates(directory: string, options: CertsOptions): Promise<void> {
  const say: Say = (line) => process.stdout.write(`${line}\n`);
  const days = daysOf(options.days);
  const ids = (options.client ?? []).map(spiffeId);
  const { file, names, leftOut } = serverOf(directory, options);

  const folder = certsFolder(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = await completeAuthority(folder, say);
  completeCallers(folder, authority, say);
  await completeServer(folder, authority, { names, days, say });
  if (leftOut.length > 0) say(`  but no certificate can hold ${leftOut.join(', ')}`);
  const clients: PairFiles[] = [];
  for (const id of ids) clients.push(await completeClient(folder, authority, { id, days, say }));

  const listeners = file === undefined ? [] : findTlsListeners(file.source, file.text);
  const config = file && { file: file.file, listeners };
  say(`\n${nextSteps({ folder, names, client: clients[0] ?? clientsIn(folder)[0], config })}`);
}

/** The server's names, and the file of its listeners. Who gives names needs no file, unless they name one too. */
function serverOf(directory: string, { file: given, name }: CertsOptions): ServerNames & { file?: ListenerFile } {
  const names = name?.map(serverName);
  try {
    const file = readListenerFile(directory, given);
    if (names !== undefined) return { file, names, leftOut: [] };
    if (file.routes.length > 0) return { file, ...namesOfVirtualHosts(file) };
    throw new CertsError(`${file.file} has no virtual hosts; say by --name which hosts the server is called by`);
  } catch (error) {
    if (names === undefined || given !== undefined || !(error instanceof CatalogueError)) throw error;
    return { names, leftOut: [] };
  }
}

function daysOf(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MOST_DAYS) throw new CertsError(`--days is "${text}"; write a number from 1 to ${MOST_DAYS}`);
  return days;
}
