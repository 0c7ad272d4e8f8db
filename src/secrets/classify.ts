import { type FailureReason, SecretError } from './secret-error.ts';

const BY_NAME: ReadonlyMap<string, FailureReason> = new Map([
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
  ...names('timeout', 'TimeoutError', 'AbortError'),
  ...names(
    'aws_credentials',
    'CredentialsProviderError',
    'TokenProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'UnrecognizedClientException',
    'UnrecognizedClient',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
  ),
  ...names('access_denied', 'AccessDeniedException', 'AccessDenied', 'NotAuthorized', 'UnauthorizedOperation'),
  ...names('secret_not_found', 'ResourceNotFoundException'),
  ...names(
    'undecryptable',
    'DecryptionFailure',
    'DecryptionFailureException',
    'KMSAccessDeniedException',
    'KMSDisabledException',
    'KMSInvalidStateException',
  ),
  ...names(
    'bad_request',
    'InvalidRequestException',
    'InvalidParameterException',
    'ValidationException',
    'ValidationError',
  ),
]);

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPROTO',
]);

/**
 * Says which way of failing an error of the AWS SDK is. The error's name comes first: AWS answers most errors with HTTP 400,
 * emulators answer the same ones with other statuses, and the SDK renames what it cannot parse.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
 */
export function classify(secretId: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const { name, code, status, fault, message } = describe(error);
  // Only AWS's own exceptions may be quoted: a parser's message can hold a piece of the body, and so of a secret.
  const detail = fault === undefined ? `${name}${code === undefined ? '' : ` ${code}`}` : `${name}: ${message}`;
  return new SecretError(secretId, reasonOf(name, code, status, message), detail);
}

function reasonOf(name: string, code: string | undefined, status: number | undefined, message: string): FailureReason {
  if (
    (name === 'InvalidRequestException' || name === 'InvalidParameterException') &&
    /marked for deletion|marked deleted/i.test(message)
  ) {
    return 'secret_deleted';
  }
  if (name === 'AccessDeniedException' && /\bKMS\b/.test(message)) return 'undecryptable';
  // The SDK calls a reset connection a TimeoutError: its code says more than its name.
  if (
    code !== undefined &&
    (NETWORK_CODES.has(code) || code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code.includes('CERT'))
  ) {
    return 'network';
  }
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  if (status === 429) return 'throttled';
  if (status === undefined || status >= 500) return 'aws_error';
  return 'bad_request';
}

function describe(error: unknown) {
  const it = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: string;
    code?: unknown;
    message?: string;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name: it.name ?? 'Error',
    code: typeof it.code === 'string' ? it.code : undefined,
    status: it.$metadata?.httpStatusCode,
    fault: it.$fault,
    message: it.message ?? '',
  };
}

function names(reason: FailureReason, ...list: string[]): [string, FailureReason][] {
  return list.map((name) => [name, reason]);
}
