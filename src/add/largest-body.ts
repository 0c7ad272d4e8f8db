import { LARGEST_BODY } from '../processor/processor-server.ts';
import { AddError } from './add-error.ts';

/** What fits most calls to AWS, in bytes. */
const USUAL = 4_194_304;

const UNITS = { b: 1, kib: 1_024, mib: 1_048_576 } as const;

/**
 * The largest body that is held back to be signed, in bytes, from what is typed: `8MiB`, `512KiB` or bytes.
 *
 * @param text absent: 4 MiB.
 * @throws AddError when it is no size, or more than Attaché reads.
 */
export function largestBody(text: string | undefined): number {
  if (text === undefined) return USUAL;
  const [, digits = '', unit = 'b'] = /^(\d{1,9})\s*(kib|mib)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (bytes >= 1 && bytes <= LARGEST_BODY) return bytes;
  const fault = `"${text}" is no size from 1 byte to ${LARGEST_BODY / UNITS.mib} MiB, which is the most that Attaché reads to sign it`;
  throw new AddError(`--max-body ${fault}; write for example --max-body 8MiB`, {
    field: 'max-body',
    message: `${fault}; write for example 8MiB`,
  });
}
