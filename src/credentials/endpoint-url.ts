import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Why a URL may not be asked for tokens; undefined when it may. Plain http is for this machine alone: keys are sent there. */
export function endpointFault(text: string): { readonly reason: string; readonly mend: string } | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return { reason: `"${text}" is no URL`, mend: 'write it as https://host/path' };
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return { reason: 'holds a user, a password or a fragment', mend: 'write it as https://host/path' };
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return isSafe ? undefined : { reason: `"${text}" would send keys in plain text`, mend: 'write https://' };
}

/** A URL that may be asked for tokens. */
export const endpointUrl = z.string().superRefine((text, context) => {
  const fault = endpointFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault.reason, params: { mend: fault.mend } });
});

function isLoopback(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  const version = isIP(address);
  return hostname === 'localhost' || (version > 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4'));
}
