import { isIP } from 'node:net';

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Why a text cannot be a pinned host, which is a host name or an IP address and perhaps a port; undefined when it can. */
export function hostFault(text: string): { readonly reason: string; readonly mend: string } | undefined {
  if (/[A-Z]/.test(text)) return { reason: `the host "${text}" has capital letters`, mend: 'write it in lower case' };
  if (text.includes('/'))
    return { reason: `the host "${text}" is a URL or a path`, mend: 'write the host alone, such as api.stripe.com' };
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  const valid = bracketed === undefined ? isName(name ?? '') : isIP(bracketed) === 6;
  if (!valid)
    return {
      reason: `"${text}" is no host`,
      mend: 'write it as api.stripe.com, api.stripe.com:8443, 192.0.2.1 or [2001:db8::1]',
    };
  if (port !== undefined && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)) {
    return { reason: `the host "${text}" has no valid port`, mend: 'write a port from 1 to 65535, or none' };
  }
  return undefined;
}

/** A name that ends in a number is read as an IPv4 address (WHATWG URL, ends-in-a-number checker). */
function isName(text: string): boolean {
  return NAME.test(text) && (!/(?:^|\.)\d+$/.test(text) || isIP(text) === 4);
}
