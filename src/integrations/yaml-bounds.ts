/** How large a file may be, in bytes: one of 5,000 integrations has three millions. */
export const MOST_BYTES = 8_388_608;

/** How deep a file may be nested, aliases written out: Envoy's own reader goes no further. */
export const MOST_LEVELS = 100;

/** How many words and signs may stand in a file, as a reader of YAML tells them apart: 5,000 integrations have 750,000. */
export const MOST_TOKENS = 2_000_000;

/** How many keys and values a file may stand for, with its aliases written out, as Envoy reads them. */
export const MOST_WRITTEN_OUT = 2_000_000;

/** A file is beyond a limit, so that it is read no further. */
export class BoundError extends Error {
  /** Where in the text the limit is passed. */
  readonly offset: number;
  readonly mend: string;

  constructor(offset: number, reason: string, mend: string) {
    super(reason);
    this.name = 'BoundError';
    this.offset = offset;
    this.mend = mend;
  }
}
