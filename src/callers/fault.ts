/** Why a text cannot be used, and what to write instead. */
export interface Fault {
  readonly reason: string;
  readonly mend: string;
}
