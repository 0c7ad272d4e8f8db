import { Deadline } from '../../src/cache/deadline.ts';

/** As long as a request waits by default, from now. */
export function soon(): Deadline {
  return new Deadline(2_000);
}
