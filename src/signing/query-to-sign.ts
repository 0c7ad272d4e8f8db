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
 * The parameters of a query, decoded, as the signer takes them: it encodes and sorts them.
 *
 * A parameter without `=` counts as one with an empty value, and what stands between two `&` with nothing in between does
 * not count. Of a parameter that is repeated every value is signed, as AWS's test suite has it; S3 alone looks at the first
 * one and forgets the others, in its signature too.
 *
 * @param query without the question mark.
 * @throws UnsignableRequestError for a presigned URL, and for escapes that are not UTF-8.
 */
export function queryToSign(query: string, service: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = {};
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodePercent(equals < 0 ? part : part.slice(0, equals), 'query');
    const value = equals < 0 ? '' : decodePercent(part.slice(equals + 1), 'query');
    refusePresigned(name);
    if (!Object.hasOwn(parameters, name)) parameters[name] = [value];
    else if (!signsLikeS3(service)) parameters[name]?.push(value);
  }
  return parameters;
}

function refusePresigned(name: string): void {
  if (PRESIGNED.has(name.toLowerCase())) {
    throw new UnsignableRequestError(
      'the query holds a signature of the caller, as in a presigned URL, and no key of a caller goes out; ' +
        'send the request without it, and it is signed on the way',
    );
  }
}
