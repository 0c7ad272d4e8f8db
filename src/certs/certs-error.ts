/** Why a certificate was not made: names the thing, the reason and the mend. */
export class CertsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CertsError';
  }
}
