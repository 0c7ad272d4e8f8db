import { announcedPayload } from './announced-payload.ts';
import { headersToSign } from './headers-to-sign.ts';
import { pathToSign, signsLikeS3 } from './path-to-sign.ts';
import { queryToSign } from './query-to-sign.ts';
import { MultiRegionSigner, Signer } from './signer.ts';
import type { SigningKey } from './signing-key.ts';

/** A request as it goes out, but for its signature. */
export interface RequestToSign {
  /** For example `GET`. */
  readonly method: string;
  /** Host, and port where one is sent. */
  readonly authority: string;
  /** The path with its query, as on the wire. It is not changed. */
  readonly path: string;
  /**
   * The client's headers, their names in lower case, which may repeat; `content-type` and `x-amz-…` are looked at. Values
   * are text, decoded from UTF-8.
   */
  readonly headers: readonly (readonly [string, string])[];
  /** The whole body, or `unsigned`: AWS then checks it by TLS and checksums alone, which S3 allows, and few others. */
  readonly payload: Buffer | 'unsigned';
}

/** For whom a signature counts: the names that AWS gives to the service in signatures and to the Region. */
export interface SigningScope {
  /** For example `s3`, `execute-api`, `bedrock`. */
  readonly service: string;
  /** For example `eu-west-1`; {@link EVERY_REGION} for all, by Version 4A. */
  readonly region: string;
}

/** The Region of what has none, such as S3 Multi-Region Access Points: a signature for it is of Version 4A. */
export const EVERY_REGION = '*';

/** The header by which Version 4A names Regions. */
const REGION_SET = 'x-amz-region-set';

/** What to do to a request so that it is signed. */
export interface SignedHeaders {
  /** Lower-case names and values, each of which replaces any header of that name. All values are visible ASCII and spaces. */
  readonly set: readonly (readonly [string, string])[];
  /** Headers of the client's own signature that must not go out. */
  readonly remove: readonly string[];
}

/**
 * Signs a request with AWS Signature Version 4, or 4A for every Region. What the client's SDK signed with a key of its own is replaced.
 *
 * Signed are the method, the path and the query as AWS reads them from the wire, `host`, `content-type` and every `x-amz-…` as far
 * as they are among the headers given, and the body or the word that stands for it. With the `forward_rules` of envoy.yaml, Envoy
 * shows `x-amz-…` alone, so `content-type` is sent unsigned, which AWS takes.
 *
 * The promise settles in microtasks alone: nothing is waited for.
 *
 * @param now the time of the signature, which AWS compares with its own clock: 5 minutes apart at most, for some services 15.
 * @throws UnsignableRequestError (as a rejection) for a presigned URL, a body in chunks that the client signed, and a path or
 * query whose escapes are not UTF-8.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signRequest(
  request: RequestToSign,
  key: SigningKey,
  { service, region }: SigningScope,
  now: Date = new Date(),
): Promise<SignedHeaders> {
  const [path = '', query = ''] = splitOnce(request.path, '?');
  const announced = announcedPayload(request.headers);
  const payload = announced ?? (request.payload === 'unsigned' ? 'UNSIGNED-PAYLOAD' : undefined);
  const credentials = key.reveal();
  const scope = { service, region, uriEscapePath: !signsLikeS3(service) };
  const isForAll = region === EVERY_REGION;
  const signer = new (isForAll ? MultiRegionSigner : Signer)(scope, credentials, queryToSign(query, service));
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: request.authority,
      path: pathToSign(path, service),
      headers: {
        ...headersToSign(request.headers),
        host: request.authority,
        ...(payload === undefined ? {} : { 'x-amz-content-sha256': payload }),
      },
      body: request.payload,
    },
    { signingDate: now },
  );
  const token = credentials.sessionToken === undefined ? [] : ['x-amz-security-token'];
  const regions = isForAll ? [REGION_SET] : [];
  const names = ['authorization', 'x-amz-date', 'x-amz-content-sha256', ...token, ...regions];
  return {
    set: names.map((name) => [name, headers[name] ?? ''] as const),
    remove: ['x-amz-security-token', 'x-amz-s3session-token', REGION_SET].filter((name) => !names.includes(name)),
  };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
