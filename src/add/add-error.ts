/** What a form says in place of the sentence of a command: at which of its fields, and in words without options. */
export interface InForm {
  /** The option that the field stands for, without its hyphens: `target`, `name`, `header`. */
  readonly field: string;
  readonly message: string;
}

/** Why nothing was added, removed or renamed: names the thing, the reason and the mend, in one line or more. */
export class AddError extends Error {
  /** Undefined where it is no single option that has to be mended. */
  readonly inForm: InForm | undefined;

  constructor(message: string, inForm?: InForm) {
    super(message);
    this.name = 'AddError';
    this.inForm = inForm;
  }
}
