/**
 * A secret was read, but what an integration needs is not in it or cannot stand in a header. The message is safe to show to
 * callers: it names the secret, its version and the field, never a value.
 */
export class CredentialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CredentialError';
  }
}
