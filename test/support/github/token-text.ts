import { randomBytes, randomInt } from 'node:crypto';

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `long`: `ghs_APPID_JWT` of about 520 characters, since April 2026. `short`: `ghs_` and 36 letters and digits. */
export type TokenForm = 'long' | 'short';

/**
 * A fresh token's text. Nothing can be read out of the long form: it looks like a JWT, and who parses it is wrong.
 *
 * @see https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
 */
export function newTokenText(form: TokenForm, appId: number): string {
  if (form === 'short') {
    return `ghs_${Array.from({ length: 36 }, () => alphanumeric[randomInt(alphanumeric.length)]).join('')}`;
  }
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT' })).toString('base64url');
  const payload = randomBytes(96).toString('base64url');
  // Begun so that no token lacks the two characters that a careless pattern leaves out.
  const signature = `-_${randomBytes(255).toString('base64url')}`;
  return `ghs_${appId}_${header}.${payload}.${signature}`;
}
