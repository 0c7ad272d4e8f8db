import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** The key of an app: what GitHub keeps, and the private key in the two forms that people hold. */
export interface AppKeys {
  readonly publicKey: KeyObject;
  /** PEM that begins with `BEGIN RSA PRIVATE KEY`: what GitHub lets one download. */
  readonly pkcs1: string;
  /** PEM that begins with `BEGIN PRIVATE KEY`. */
  readonly pkcs8: string;
}

/** Makes a fresh 2048-bit RSA key. */
export async function createAppKeys(): Promise<AppKeys> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    publicKey,
    pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
