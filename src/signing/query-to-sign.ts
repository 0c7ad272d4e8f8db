import { percentEncode } from '../paths/percent-encode.ts';
import { signsLikeS3 } from './path-to-sign.ts';
import { decodePercent } from './percent.ts';
import { UnsignableRequestError } from './unsignable-request-error.ts';

/** Parameters that make a presigned URL, of Signature Version 4 and of the one before it. */
const PRESIGNED = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-signature',
  'awsaccesskeyid',
]);

/**
 * The canonical query that a signature covers: the parameters decoded, encoded in the one way of AWS, and sorted by their names,
 * then by their values.
 *
 * A parameter without `=` counts as one with an empty value, and what stands between two `&` with nothing in between does
 * not count. Of a parameter that is repeated every value is signed, as AWS's test suite has it; S3 alone looks at the first
 * one and forgets the others, in its signature too.
 *
 * @param query without the question mark.
 * @throws UnsignableRequestError for a presigned URL, and for escapes that are not UTF-8.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function queryToSign(query: string, service: string): string {
  const forgets = signsLikeS3(service);
  const seen = new Set<string>();
  const parameters: { readonly name: string; readonly value: string }[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = encodedAnew(equals < 0 ? part : part.slice(0, equals));
    if (!seen.has(name)) {
      refusePresigned(name);
      seen.add(name);
    } else if (forgets) continue;
    parameters.push({ name, value: equals < 0 ? '' : encodedAnew(part.slice(equals + 1)) });
  }
  parameters.sort((one, other) => compare(one.name, other.name) || compare(one.value, other.value));
  return parameters.map(({ name, value }) => `${name}=${value}`).join('&');
}

/** What nobody writes otherwise. Most names and values are that, and a caller may send ten thousand of them. */
const UNRESERVED = /^[\w.~-]*$/;

function encodedAnew(text: string): string {
  return UNRESERVED.test(text) ? text : percentEncode(decodePercent(text, 'query'));
}

/** By code units, which for texts in ASCII are their bytes. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function refusePresigned(name: string): void {
  if (PRESIGNED.has(name.toLowerCase())) {
    throw new UnsignableRequestError(
      'the query holds a signature of the caller, as in a presigned URL, and no key of a caller goes out; ' +
        'send the request without it, and it is signed on the way',
    );
  }
}
