import { withoutByteOrderMark } from '../secrets/control-characters.ts';

/** One block of PEM (RFC 7468), whatever has become of its line breaks. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+?)-----(.*?)-----END \1-----/s;

/**
 * A block of PEM as it was made, out of what a console, a shell, an environment variable or Terraform has made of it: with `\n` in
 * place of line breaks, once or twice escaped; with blanks in their place or nothing at all; indented, quoted, with Windows line
 * ends or a byte order mark; or all of it in base64. Text that holds no block is returned as it is.
 */
export function pemText(text: string): string {
  const [, label, content] = BLOCK.exec(unescaped(text)) ?? BLOCK.exec(unescaped(fromBase64(text))) ?? [];
  if (label === undefined || content === undefined) return text;
  // An encrypted key of the older form has headers, whose line breaks count.
  if (content.includes(':')) return unescaped(text);
  const lines = content.replace(/[^A-Za-z0-9+/=]/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function unescaped(text: string): string {
  return withoutByteOrderMark(text)
    .replace(/\\+[rt]/g, '')
    .replace(/\\+n/g, '\n');
}

function fromBase64(text: string): string {
  const bare = unescaped(text).replace(/[\s"'\\]/g, '');
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(bare) ? Buffer.from(bare, 'base64').toString('latin1') : '';
}

/** Why a text is no private key that can be used, and the mend; without quoting it. */
export function pemFault(text: string): string {
  const pem = pemText(text);
  if (/ENCRYPTED/.test(pem)) return 'is encrypted with a passphrase; store it decrypted (openssl pkey -in key.pem)';
  const label = BLOCK.exec(pem)?.[1];
  if (label !== undefined && !label.endsWith('PRIVATE KEY'))
    return `is a ${label.toLowerCase()} and no private key; store the private key`;
  return 'is no private key in PEM; store the whole file, with its BEGIN and END lines';
}
