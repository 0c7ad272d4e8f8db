/**
 * A request that an integration's credential cannot be put into, for a reason that lies in the request. The message is a
 * sentence for the caller and holds no secret.
 */
export class UnfitRequestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnfitRequestError';
  }
}
