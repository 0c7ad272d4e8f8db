import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { jsonFault, parseSecretJson } from '../secrets/secret-json.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { CredentialError } from './credential-error.ts';
import { pemFault, pemText } from './pem.ts';
import { secretText } from './secret-text.ts';

/** The fields of a secret that is a JSON object, for kinds that know by themselves what they need. */
export class SecretFields {
  readonly #where: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws CredentialError when the secret is no JSON object. */
  constructor(secretId: string, secret: SecretVersion) {
    this.#where = `secret ${secretId} (version ${secret.shortId})`;
    this.#fields = this.#parse(secret.reveal());
  }

  /**
   * A text, or a number as it is written, without blanks around it.
   *
   * @throws CredentialError when it is no text, or plainly not what was meant.
   */
  optional(name: string): string | undefined {
    const text = this.#text(name);
    return text === undefined ? undefined : secretText(text, `${this.#where}: the field ${name}`);
  }

  /** The same, whatever it holds. */
  #text(name: string): string | undefined {
    return this.#stored(name)?.trim();
  }

  #stored(name: string): string | undefined {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string')
      throw new CredentialError(`${this.#where}: the field ${name} is no text; store it as a JSON string`);
    return value;
  }

  /**
   * A text as it stands there, blanks included: a password may have them.
   *
   * @throws CredentialError when it is missing, empty or no text.
   */
  verbatim(name: string): string {
    const value = this.#stored(name);
    if (value === undefined) throw this.#missing(name);
    return value;
  }

  /** @throws CredentialError when it is missing, empty or no text. */
  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw this.#missing(name);
    return value;
  }

  #missing(name: string): CredentialError {
    return new CredentialError(`${this.#where} has no field ${name}; add it to the secret`);
  }

  /**
   * A private key in PEM, PKCS#1 or PKCS#8, whatever has become of its line breaks.
   *
   * @throws CredentialError when it is missing or no private key.
   */
  privateKey(name: string): KeyObject {
    const text = this.#text(name);
    if (text === undefined) throw this.#missing(name);
    try {
      return createPrivateKey(pemText(text));
    } catch {
      // OpenSSL's own message is of no help, and may one day quote.
      throw new CredentialError(`${this.#where}: the field ${name} ${pemFault(text)}`);
    }
  }

  /**
   * A certificate in PEM, perhaps with the certificates behind it that lead to its CA, whatever has become of the line breaks.
   *
   * @throws CredentialError when it is missing or none.
   */
  certificate(name: string): string {
    const text = this.#text(name);
    if (text === undefined) throw this.#missing(name);
    try {
      const blocks = text.split(/(?<=-----END CERTIFICATE-----)/).filter((block) => /BEGIN/.test(block));
      return (blocks.length === 0 ? [text] : blocks)
        .map((block) => new X509Certificate(pemText(block)).toString())
        .join('');
    } catch {
      throw new CredentialError(
        `${this.#where}: the field ${name} is no certificate in PEM; store the whole file, with its BEGIN and END lines`,
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
    const value = parseSecretJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const fault = jsonFault(text);
      throw new CredentialError(
        `${this.#where} is no JSON object${fault === undefined ? '; store the fields that this kind of credential needs' : `: it ${fault}`}`,
      );
    }
    return value as Record<string, unknown>;
  }
}
