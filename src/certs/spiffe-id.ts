import { CertsError } from './certs-error.ts';

/** A workload's name in a certificate, such as `spiffe://acme/agents/build` (SPIFFE-ID, sections 2.1 to 2.3). */
export interface SpiffeId {
  /** The whole of it; at most 2048 bytes, all ASCII. */
  readonly uri: string;
  /** The path's segments joined by hyphens, such as `agents-build`: a file's name. Two IDs may share one. */
  readonly fileName: string;
}

const EXAMPLE = 'such as spiffe://acme/agents/build';
const MOST_BYTES = 2048;
const MOST_BYTES_OF_TRUST_DOMAIN = 255;

/**
 * Reads the SPIFFE ID of a workload. It has a path: without one it would name the trust domain itself, which no
 * workload's certificate may bear (X509-SVID, section 2).
 *
 * @throws CertsError when it is none.
 */
export function spiffeId(text: string): SpiffeId {
  const [, trustDomain, path] = /^spiffe:\/\/([^/?#]*)([^?#]*)$/.exec(text) ?? [];
  const refuse = (reason: string, mend: string) => new CertsError(`"${text}" is no SPIFFE ID: ${reason}; ${mend}`);
  if (trustDomain === undefined || path === undefined) {
    throw refuse(
      /^spiffe:\/\//.test(text) ? 'it has a query or a fragment' : 'it does not begin with spiffe://',
      `write it ${EXAMPLE}`,
    );
  }
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw refuse(`it is longer than ${MOST_BYTES} bytes`, 'write a shorter one');
  if (trustDomain === '') throw refuse('it names no trust domain', `write it ${EXAMPLE}`);
  if (!/^[a-z0-9._-]+$/.test(trustDomain)) {
    throw refuse(
      `the trust domain "${trustDomain}" may have lower-case letters, digits, dots, hyphens and underscores alone`,
      'write one of these',
    );
  }
  if (trustDomain.length > MOST_BYTES_OF_TRUST_DOMAIN) {
    throw refuse(`the trust domain is longer than ${MOST_BYTES_OF_TRUST_DOMAIN} bytes`, 'write a shorter one');
  }
  if (path === '') throw refuse('it names no workload', `add a path, ${EXAMPLE}`);
  const segments = path.slice(1).split('/');
  for (const segment of segments) {
    if (segment === '') throw refuse('its path has an empty segment', 'write single slashes, and none at the end');
    if (segment === '.' || segment === '..')
      throw refuse(`its path has the segment "${segment}"`, 'write the path out');
    if (!/^[a-zA-Z0-9._-]+$/.test(segment)) {
      throw refuse(
        `"${segment}" in its path may have letters, digits, dots, hyphens and underscores alone`,
        'write one of these, without percent signs',
      );
    }
  }
  return { uri: text, fileName: segments.join('-') };
}
