import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { CredentialError } from './credential-error.ts';

/** The fields of a secret that is a JSON object, for kinds that know by themselves what they need. */
export class SecretFields {
  readonly #where: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws CredentialError when the secret is no JSON object. */
  constructor(secretId: string, secret: SecretVersion) {
    this.#where = `secret ${secretId} (version ${secret.shortId})`;
    this.#fields = this.#parse(secret.reveal());
  }

  /** A text, or a number as text, without blanks around it. */
  optional(name: string): string | undefined {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'number') return String(value);
    if (typeof value !== 'string')
      throw new CredentialError(`${this.#where}: the field ${name} is no text; store it as a JSON string`);
    return value.trim();
  }

  /** @throws CredentialError when it is missing, empty or no text. */
  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new CredentialError(`${this.#where} has no field ${name}; add it to the secret`);
    return value;
  }

  /**
   * A private key in PEM, PKCS#1 or PKCS#8; line breaks may be written as `\n`.
   *
   * @throws CredentialError when it is missing or no private key.
   */
  privateKey(name: string): KeyObject {
    const pem = this.required(name);
    try {
      return createPrivateKey(pem.includes('\n') ? pem : pem.replaceAll('\\n', '\n'));
    } catch {
      // OpenSSL's own message is of no help, and may one day quote.
      throw new CredentialError(
        `${this.#where}: the field ${name} is no private key in PEM; store the whole file, with its BEGIN and END lines`,
      );
    }
  }

  /**
   * A private RSA key of at least 2048 bits, as RS256 needs it (RFC 7518, section 3.3); in PEM as {@link privateKey} takes it.
   *
   * @throws CredentialError when it is missing or no such key.
   */
  rsaKey(name: string): KeyObject {
    const key = this.privateKey(name);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (key.asymmetricKeyType === 'rsa' && bits >= 2_048) return key;
    throw new CredentialError(
      `${this.#where}: the field ${name} is no RSA key of at least 2048 bits; store the key that was downloaded, as it is`,
    );
  }

  /**
   * Digits, or undefined when it is not there.
   *
   * @throws CredentialError when it is something else.
   */
  optionalDigits(name: string): string | undefined {
    const value = this.optional(name);
    if (value === undefined || /^\d+$/.test(value)) return value;
    throw new CredentialError(`${this.#where}: the field ${name} is no number; store it in digits`);
  }

  #parse(text: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the text.
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CredentialError(
        `${this.#where} is no JSON object; store the fields that this kind of credential needs`,
      );
    return value as Record<string, unknown>;
  }
}
