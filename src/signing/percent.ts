import { UnsignableRequestError } from './unsignable-request-error.ts';

/**
 * Text without its percent escapes, `+` being a space. It is what AWS does with a query, and S3 with a path too, before
 * it encodes them anew for the signature; so `%7e`, `%7E` and `~` are the same to it.
 *
 * @param place what the text is, for the message.
 * @throws UnsignableRequestError when an escape is cut short or the escapes are no UTF-8: what AWS would sign is not known then.
 */
export function decodePercent(text: string, place: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new UnsignableRequestError(
      `the ${place} cannot be signed: it has a percent escape that is not UTF-8; write a percent sign itself as %25`,
    );
  }
}
