import { isIP } from 'node:net';
import type { Examined } from '../integrations/examine.ts';
import { hostFault } from '../integrations/host.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { CertsError } from './certs-error.ts';

/** The names for a server's certificate. */
export interface ServerNames {
  /** DNS names and IP addresses, each once. */
  readonly names: readonly string[];
  /** Domains of virtual hosts that no certificate can hold, such as `*` and `stripe.*`. */
  readonly leftOut: readonly string[];
}

/** By these a program on Envoy's own machine calls it. */
const THIS_MACHINE = ['localhost', '127.0.0.1'];

/** The domains of every virtual host that programs call, without ports, and the names of this machine. */
export function namesOfVirtualHosts({ source, routes }: Pick<Examined, 'source' | 'routes'>): ServerNames {
  const domains = new Set(
    routes
      .filter(({ route }) => source?.get(route, 'match', 'connect_matcher') === undefined)
      .flatMap(({ virtualHost }) => source?.items(source.get(virtualHost, 'domains')) ?? [])
      .map((domain) => withoutPort(textOf(domain)?.toLowerCase() ?? '')),
  );
  return {
    names: [...new Set([...[...domains].filter(fitsCertificate), ...THIS_MACHINE])],
    leftOut: [...domains].filter((domain) => !fitsCertificate(domain)),
  };
}

/**
 * A name that the user gives: a DNS name, `*.` before one, or an IP address.
 *
 * @throws CertsError when it is none of these.
 */
export function serverName(text: string): string {
  const name = text.toLowerCase();
  if (!fitsCertificate(name)) {
    throw new CertsError(`--name "${text}" is no host; write it as stripe.int, *.int.example, or an IP address`);
  }
  return name;
}

/** In a certificate a wildcard stands for one whole label, the first (RFC 6125, section 6.4.3). */
function fitsCertificate(name: string): boolean {
  if (isIP(name) !== 0) return true;
  const host = name.replace(/^\*\.(?=.*\.)/, '');
  return !host.includes(':') && hostFault(host) === undefined;
}

function withoutPort(domain: string): string {
  return domain.replace(/:(?:\d+|\*)$/, '').replace(/^\[(.*)\]$/, '$1');
}
