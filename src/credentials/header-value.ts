import { CredentialError } from './credential-error.ts';

/** The longest value that is put into a header, in bytes: half of what Envoy allows all headers of a request by default. */
const LONGEST = 32_768;

/**
 * The bytes of a header's value (RFC 9110, section 5.5).
 *
 * @throws CredentialError when it is too long, or begins or ends with a blank, which every receiver cuts off.
 */
export function headerValue(text: string, header: string, secretId: string): Buffer {
  const value = Buffer.from(text, 'utf8');
  if (value.length > LONGEST) {
    throw new CredentialError(
      `secret ${secretId} makes the header ${header} longer than ${LONGEST} bytes; store only the key`,
    );
  }
  if (text.trim() !== text) {
    throw new CredentialError(
      `secret ${secretId} begins or ends with a blank, which the header ${header} cannot; store it without`,
    );
  }
  return value;
}
