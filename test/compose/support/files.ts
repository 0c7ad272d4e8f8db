import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { readCompose } from './compose-file.ts';
import { readDockerfile } from './dockerfile.ts';

/** The folder that holds the Compose files. */
export const repository = join(import.meta.dirname, '..', '..', '..');

/** The text of a file of the repository. */
export function textOf(file: string): string {
  return readFileSync(join(repository, file), 'utf8');
}

/** `docker compose …`: with the user's AWS. */
export const production = readCompose(join(repository, 'docker-compose.yml'));

/** `docker compose -f docker-compose.yml -f docker-compose.local.yml …`. */
export const local = readCompose(join(repository, 'docker-compose.yml'), join(repository, 'docker-compose.local.yml'));

export const dockerfile = readDockerfile(join(repository, 'Dockerfile'));

const socketAddress = z.object({ socket_address: z.object({ port_value: z.number() }) });
const virtualHost = z.object({
  domains: z.array(z.string()),
  routes: z.array(
    z.object({
      match: z.object({ connect_matcher: z.unknown().optional() }),
      route: z.object({ host_rewrite_literal: z.string().optional() }).optional(),
    }),
  ),
});
const bootstrap = z.object({
  admin: z.object({ address: socketAddress }),
  static_resources: z.object({
    listeners: z.array(
      z.object({
        address: socketAddress.optional(),
        bind_to_port: z.boolean().optional(),
        filter_chains: z.array(
          z.object({
            filters: z.array(
              z.object({
                typed_config: z.object({
                  route_config: z.object({ virtual_hosts: z.array(virtualHost) }).optional(),
                }),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
});

const text = textOf('envoy/envoy.yaml');
const { admin, static_resources: resources } = bootstrap.parse(parse(text, { merge: true }));
// The others are Envoy's own.
const listeners = resources.listeners.filter(
  ({ address, bind_to_port: isBound }) => address !== undefined && isBound !== false,
);
const hosts = resources.listeners
  .flatMap((listener) => listener.filter_chains.flatMap(({ filters }) => filters))
  .flatMap((filter) => filter.typed_config.route_config?.virtual_hosts ?? [])
  .filter(({ routes }) => routes.every(({ match }) => match.connect_matcher === undefined));

/** What the Compose files must agree with in envoy/envoy.yaml. */
export const envoyFile = {
  adminPort: admin.address.socket_address.port_value,
  listenerPorts: listeners.map(({ address }) => address?.socket_address.port_value),
  /** The names by which programs call. */
  domains: hosts.flatMap(({ domains }) => domains),
  /** Where the requests go. */
  destinations: hosts.flatMap(({ routes }) => routes.flatMap(({ route }) => route?.host_rewrite_literal ?? [])),
  /** Attaché's Unix sockets. */
  sockets: [...text.matchAll(/pipe: \{ path: ([^ }]+) \}/g)].map(([, path]) => path),
  /** Every file that it names, those in comments too. */
  files: [...text.matchAll(/filename: ([^ }]+)/g)].map(([, path]) => path),
};
