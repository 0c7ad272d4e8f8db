/** What should be an AWS key cannot be one. The message names the part that is wrong, never its value. */
export class SigningKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SigningKeyError';
  }
}
