/** What an `authorization` header says. */
export interface Credential {
  /** In lower case: `bearer`, `token`, `basic`. */
  readonly scheme: string;
  /** Of Basic only. */
  readonly user?: string;
  /** The token, JWT or password. */
  readonly secret: string;
}

/** Reads an `authorization` header (RFC 9110, section 11.6.2; RFC 7617 for Basic). */
export function credentialIn(authorization: string | undefined): Credential | undefined {
  const [, scheme, rest] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  if (scheme.toLowerCase() !== 'basic') return { scheme: scheme.toLowerCase(), secret: rest };
  const [user = '', ...password] = Buffer.from(rest, 'base64').toString().split(':');
  return { scheme: 'basic', user, secret: password.join(':') };
}
