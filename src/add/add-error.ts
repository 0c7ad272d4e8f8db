/** Why nothing was added, removed or renamed: names the thing, the reason and the mend, in one line or more. */
export class AddError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AddError';
  }
}
