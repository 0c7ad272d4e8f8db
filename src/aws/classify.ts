import { AwsError, type AwsFailure, type AwsFailureReason } from './aws-failure.ts';

const BY_NAME: ReadonlyMap<string, AwsFailureReason> = new Map([
  ...names(
    'throttled',
    'ThrottlingException',
    'Throttling',
    'ThrottledException',
    'TooManyRequestsException',
    'RequestLimitExceeded',
    'LimitExceededException',
    'RequestThrottled',
    'RequestThrottledException',
    'SlowDown',
  ),
  ...names(
    'aws_error',
    'InternalServiceError',
    'InternalServiceErrorException',
    'InternalFailure',
    'InternalError',
    'InternalServerError',
    'ServiceUnavailable',
    'ServiceUnavailableException',
  ),
  // What the SDK says of a body that is not AWS's JSON: a proxy's page, or an answer cut short. AWS has said nothing.
  ...names('aws_error', 'SyntaxError'),
  ...names('timeout', 'TimeoutError', 'AbortError'),
  ...names(
    'aws_credentials',
    'CredentialsProviderError',
    'TokenProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidToken',
    'RequestExpired',
    'RequestTimeTooSkewed',
    'RequestInTheFuture',
    'UnrecognizedClientException',
    'UnrecognizedClient',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
  ),
  // A key's policy that refuses kms:Decrypt is as deliberate as IAM's: only a key that cannot be used is `undecryptable`.
  ...names(
    'access_denied',
    'AccessDeniedException',
    'AccessDenied',
    'NotAuthorized',
    'UnauthorizedOperation',
    'KMSAccessDeniedException',
  ),
  ...names('not_found', 'ResourceNotFoundException'),
  ...names(
    'undecryptable',
    'DecryptionFailure',
    'DecryptionFailureException',
    'KMSDisabledException',
    'KMSInvalidStateException',
  ),
  ...names(
    'bad_request',
    'InvalidRequestException',
    'InvalidParameterException',
    'ValidationException',
    'ValidationError',
    'SerializationException',
  ),
]);

/** Codes of a connection that was not had or was lost: the system's, the name resolver's, OpenSSL's, the HTTP parser's. */
const NETWORK_CODE = /^(E[A-Z0-9_]+|HPE_.*|UNABLE_TO_.*|.*CERT.*)$/;

/**
 * Says which way of failing an error of the AWS SDK is. The error's name comes first: AWS answers most errors with HTTP 400,
 * emulators answer the same ones with other statuses, and the SDK renames what it cannot parse.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 */
export function classify(error: unknown): AwsFailure {
  if (error instanceof AwsError) return error;
  const it = describe(error);
  return { reason: reasonOf(it.name, it.code, it.status, it.message), detail: detailOf(it) };
}

function reasonOf(
  name: string,
  code: string | undefined,
  status: number | undefined,
  message: string,
): AwsFailureReason {
  if (
    (name === 'InvalidRequestException' || name === 'InvalidParameterException') &&
    /marked for deletion|marked deleted/i.test(message)
  ) {
    return 'deleted';
  }
  // The SDK calls a reset connection a TimeoutError, as its own timeout: the code says more than the name.
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code !== undefined && NETWORK_CODE.test(code)) return 'network';
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  if (status === 429) return 'throttled';
  if (status === undefined || status >= 500) return 'aws_error';
  return 'refused';
}

/** Only AWS's own exceptions may be quoted: a parser's message can hold a piece of the body, and so of a secret. */
function detailOf({ name, code, status, fault, message, cause }: ReturnType<typeof describe>): string {
  if (fault !== undefined) return `${name}: ${message}`;
  return [
    name,
    code,
    status === undefined ? undefined : `HTTP ${status}`,
    cause === undefined ? undefined : `(${cause})`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function describe(error: unknown) {
  const it = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: string;
    code?: unknown;
    message?: string;
    cause?: unknown;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name: it.name ?? 'Error',
    code: typeof it.code === 'string' ? it.code : undefined,
    status: it.$metadata?.httpStatusCode,
    fault: it.$fault,
    message: it.message ?? '',
    cause: it.cause instanceof Error ? it.cause.name : undefined,
  };
}

function names(reason: AwsFailureReason, ...list: string[]): [string, AwsFailureReason][] {
  return list.map((name) => [name, reason]);
}
