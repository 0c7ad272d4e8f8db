import { hash } from 'node:crypto';

/** What data is told by from other data: 16 hexadecimal digits of its SHA-256. */
export function shortHash(data: string | Uint8Array): string {
  return hash('sha256', data).slice(0, 16);
}
