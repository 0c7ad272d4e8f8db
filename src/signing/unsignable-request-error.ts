/**
 * A request cannot be signed for its caller. The message is safe to show to the caller: it names the part of the request, the
 * reason and the mend, and repeats neither a value of the query nor anything of a key.
 */
export class UnsignableRequestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsignableRequestError';
  }
}
