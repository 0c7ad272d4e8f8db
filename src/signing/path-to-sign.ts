import { percentEncode } from '../paths/percent-encode.ts';
import { decodePercent } from './percent.ts';
import { UnsignableRequestError } from './unsignable-request-error.ts';

/** The services that share S3's rules: their endpoints turn off what the others do to a path. */
const LIKE_S3 = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts']);

/** Whether a service has S3's rules for paths and queries: nothing normalised, nothing encoded twice. */
export function signsLikeS3(service: string): boolean {
  return LIKE_S3.has(service);
}

/**
 * The path that the signer starts from.
 *
 * S3 decodes the path and encodes it once, slashes excepted, which leaves a path alone that is written as AWS's own SDKs
 * write it. For others the signature covers what another client may write: `+` for a space, `=` unescaped,
 * escapes in lower case, `%2F` for a slash. Empty segments and dots stay, since they belong to the name of an object.
 *
 * The other services take the path as it is on the wire, remove dots and empty segments, and encode it once more. Both of
 * that the signer does itself, so the path is handed on as it is.
 *
 * @param path without the query.
 * @throws UnsignableRequestError when it does not begin with a slash, or has escapes that are not UTF-8.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function pathToSign(path: string, service: string): string {
  if (!path.startsWith('/')) {
    throw new UnsignableRequestError('the path cannot be signed: it does not begin with a slash; send one that does');
  }
  if (!signsLikeS3(service)) return path;
  // In one go, and not segment by segment: a path may have tens of thousands.
  return percentEncode(decodePercent(path, 'path')).replaceAll('%2F', '/');
}
