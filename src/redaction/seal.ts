import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { HiddenValue } from './forms.ts';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

/** Length of a key in bytes. */
export const SEAL_KEY_LENGTH = 32;

/**
 * Encrypts values so that they can be left with somebody who must not read them, and come back unchanged (AES-256-GCM, NIST
 * SP 800-38D). What they are about is authenticated with them. The key lives in memory alone: it is another one after each start.
 */
export class Seal {
  readonly #key: KeyObject;
  /** Values that serve many requests are sealed once. */
  readonly #sealed = new WeakMap<HiddenValue, { readonly about: string; readonly text: string }>();

  /** @param key {@link SEAL_KEY_LENGTH} random bytes, the same for all who open what another has closed. Default: one of its own. */
  constructor(key: Buffer = randomBytes(SEAL_KEY_LENGTH)) {
    this.#key = createSecretKey(key);
  }

  /** The value as a text in base64. */
  close(value: HiddenValue, about: string): string {
    const known = this.#sealed.get(value);
    if (known?.about === about) return known.text;
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    cipher.setAAD(Buffer.from(about));
    const parts = [nonce, cipher.update(value.bytes), cipher.final(), cipher.getAuthTag()];
    const text = Buffer.concat(parts).toString('base64');
    this.#sealed.set(value, { about, text });
    return text;
  }

  /** The value; undefined when it was not closed with this key and about this. */
  open(text: string, about: string): Buffer | undefined {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE + TAG) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
