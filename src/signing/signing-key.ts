import { SigningKeyError } from './signing-key-error.ts';

/** An AWS key in its parts, as AWS STS and IAM name them. */
export interface SigningKeyParts {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only a temporary key has one. */
  readonly sessionToken?: string;
}

/**
 * A key of AWS that signs requests. Its parts leave it by {@link reveal} alone. There is no `toString`: string concatenation
 * throws, and `JSON.stringify` and `util.inspect` show nothing.
 */
export class SigningKey {
  readonly #parts: SigningKeyParts;

  /** @throws SigningKeyError when a part is empty or holds what no key of AWS holds, for example a line break. */
  constructor({ accessKeyId, secretAccessKey, sessionToken }: SigningKeyParts) {
    // These three separate the parts of the authorization header from each other.
    check('access key id', accessKeyId, /^[!-~]+$/, /[/,=]/);
    check('secret access key', secretAccessKey, /^[!-~]+$/);
    if (sessionToken !== undefined) check('session token', sessionToken, /^[!-~]+$/);
    this.#parts = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }

  /** The parts. They are strings, which cannot be wiped: let go of them soon. */
  reveal(): SigningKeyParts {
    return this.#parts;
  }
}

// Without Object.prototype there is no inherited toString either: `${key}` throws instead of printing something.
Object.setPrototypeOf(SigningKey.prototype, null);

function check(part: string, value: string, allowed: RegExp, forbidden?: RegExp): void {
  if (value === '') throw new SigningKeyError(`the ${part} is empty; store the one that AWS gave`);
  if (!allowed.test(value) || forbidden?.test(value) === true) {
    throw new SigningKeyError(
      `the ${part} holds a character that none of AWS has, such as a space or a line break; store it as AWS gave it`,
    );
  }
}
