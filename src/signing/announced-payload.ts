import { UnsignableRequestError } from './unsignable-request-error.ts';

/** A body in chunks that are not signed, with a checksum after them: what S3's SDKs send for a stream. */
const UNSIGNED_CHUNKS = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/**
 * What a client's `x-amz-content-sha256` says about how its body is written, where that must stay: S3 reads the chunks by it.
 *
 * @returns undefined when the header says nothing that binds.
 * @throws UnsignableRequestError when the chunks carry signatures of the client's own key: AWS would refuse them all.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function announcedPayload(headers: readonly (readonly [string, string])[]): string | undefined {
  const announced = headers
    .filter(([name]) => name === 'x-amz-content-sha256')
    .map(([, value]) => value.trim())
    .filter((value) => /^streaming-/i.test(value));
  if (announced.some((value) => value !== UNSIGNED_CHUNKS)) {
    throw new UnsignableRequestError(
      'x-amz-content-sha256 announces a body in chunks that the caller has signed, and its signatures are worth nothing; ' +
        'turn that off in its SDK (Java: chunkedEncodingEnabled(false) in S3Configuration, .NET: UseChunkEncoding = false ' +
        'in the request), and where it still sends chunks set AWS_REQUEST_CHECKSUM_CALCULATION=when_required',
    );
  }
  return announced[0];
}
