import { realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { closedToEnvoy, ENVOY_ID } from './envoy-user.ts';
import type { CertsFolder } from './folder.ts';
import type { PairFiles } from './pair-files.ts';
import { TLS_LISTENERS, type TlsListener } from './tls-listeners.ts';

/** What {@link nextSteps} speaks of. */
export interface Situation {
  readonly folder: CertsFolder;
  /** The names in the server's certificate. */
  readonly names: readonly string[];
  /** A client whose certificate is there. */
  readonly client: PairFiles | undefined;
  /** Envoy's configuration, with the listeners that use the certificates; undefined when it is not known. */
  readonly config: { readonly file: string; readonly listeners: readonly TlsListener[] } | undefined;
}

/** What is left to do before a program calls over TLS, as text for a terminal. */
export function nextSteps(situation: Situation): string {
  const { folder } = situation;
  return [
    ...opening(folder),
    ...switchingOn(situation),
    ...calling(situation),
    `Give a program ca.pem and its own two files of ${folder.clients}. With ${folder.ca.key} anybody can be made a caller:`,
    'Envoy does not read it, so keep it elsewhere while no certificate is to be made.',
    '',
  ].join('\n');
}

/** Envoy's container has a user of its own, who may not read what this user alone may. */
function opening({ directory, server }: CertsFolder): string[] {
  const closed = closedToEnvoy([directory, server.key]).map(quoted).join(' ');
  if (closed === '') return [];
  return [
    `Let Envoy read the server's key. In docker-compose.yml it runs as ${ENVOY_ID}, on Linux:`,
    `  sudo chgrp ${ENVOY_ID} ${closed} && sudo chmod g+rX ${closed}`,
    '',
  ];
}

function switchingOn({ folder, config }: Situation): string[] {
  const { directory } = folder;
  if (config === undefined || config.listeners.length === 0) {
    return [
      `Name ${folder.server.certificate}, ${folder.server.key} and, for callers with a certificate, ${folder.callers} in a listener's DownstreamTlsContext.`,
      '',
    ];
  }
  const { file, listeners } = config;
  return [
    `In ${file} take the leading "# " off a listener's lines, and restart Envoy:`,
    ...listeners.map(({ name, port, lines }) => {
      const where = lines === undefined ? 'is switched on' : `lines ${lines.first} to ${lines.last}`;
      return `  ${name}: ${where}; port ${port}, lets in ${TLS_LISTENERS[name]}`;
    }),
    ...(isFolderOf(directory, file)
      ? []
      : [`The files named there are in /etc/envoy; let Envoy see ${directory} there, or change the paths.`]),
    '',
  ];
}

function calling({ folder, names, client, config }: Situation): string[] {
  const host = names.find((name) => isIP(name) === 0 && !/\*|(?:^|\.)localhost$/.test(name)) ?? names[0];
  const near = names.find((name) => name.endsWith('.localhost')) ?? 'localhost';
  const listeners = config?.listeners ?? [];
  const known = listeners.length === 0 ? [{ name: 'egress_mtls', port: 443 } as const] : listeners;
  const curl = `curl --cacert ${quoted(folder.ca.certificate)}`;
  return [
    'Then a program that reaches Envoy calls:',
    ...known.map(({ name, port }) => {
      const url = `https://${host}${port === 443 ? '' : `:${port}`}/`;
      if (name === 'egress_https') return `  ${curl} ${url}`;
      if (client === undefined) return `  (${url} wants a certificate: add --client spiffe://acme/agents/build)`;
      return `  ${curl} --cert ${quoted(client.certificate)} --key ${quoted(client.key)} ${url}`;
    }),
    `From this machine, publish the port in docker-compose.yml and call ${near} in place of ${host}.`,
    '',
  ];
}

function isFolderOf(directory: string, file: string): boolean {
  return realpathSync(directory) === realpathSync(dirname(file));
}

/** A path as a word of a shell. */
function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
