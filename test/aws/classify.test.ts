import { describe, expect, it } from 'vitest';
import { SecretError, secretErrorOf } from '../../src/secrets/secret-error.ts';

const CANARY = 'canary-77a0';

function sdkError(name: string, more: object = {}): Error {
  return Object.assign(new Error(`${name} ${CANARY}`), { name, ...more });
}

describe('an error of the SDK', () => {
  it.each([
    ['Error', 'ECONNREFUSED', 'network'],
    ['Error', 'ENOTFOUND', 'network'],
    ['Error', 'EAI_AGAIN', 'network'],
    ['Error', 'EPROTO', 'network'],
    ['Error', 'ERR_SSL_WRONG_VERSION_NUMBER', 'network'],
    ['Error', 'ERR_TLS_CERT_ALTNAME_INVALID', 'network'],
    ['Error', 'CERT_HAS_EXPIRED', 'network'],
    ['Error', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'network'],
    ['Error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'network'],
    ['Error', 'HPE_INVALID_CONSTANT', 'network'],
    ['TimeoutError', 'ECONNRESET', 'network'],
    ['TimeoutError', 'ETIMEDOUT', 'timeout'],
    ['TimeoutError', undefined, 'timeout'],
    ['AbortError', undefined, 'timeout'],
    ['SomethingElse', undefined, 'aws_error'],
  ])('%s %s without an answer is: %s', (name, code, reason) => {
    expect(secretErrorOf('prod/x', sdkError(name, { code })).reason).toBe(reason);
  });

  it.each(['a text', undefined, null, 42])('is a failure of AWS when it is no error at all: %s', (thrown) => {
    expect(secretErrorOf('prod/x', thrown).reason).toBe('aws_error');
  });

  it('is quoted when AWS wrote it, in the detail alone', () => {
    const { message, detail } = secretErrorOf('prod/x', sdkError('AccessDeniedException', { $fault: 'client' }));

    expect(detail).toContain(CANARY);
    expect(message).not.toContain(CANARY);
  });

  it('is not quoted when a parser wrote it, because that can be a piece of a secret', () => {
    const { message, detail } = secretErrorOf(
      'prod/x',
      sdkError('SyntaxError', { $metadata: { httpStatusCode: 200 } }),
    );

    expect(detail).toBe('SyntaxError HTTP 200');
    expect(message).not.toContain(CANARY);
  });

  it('names what was in the way of credentials, without quoting it', () => {
    const cause = sdkError('AccessDenied');

    const { reason, detail } = secretErrorOf('prod/x', sdkError('CredentialsProviderError', { cause }));

    expect(reason).toBe('aws_credentials');
    expect(detail).toBe('CredentialsProviderError (AccessDenied)');
  });

  it('is classified once', () => {
    const error = new SecretError('prod/x', 'throttled', '');

    expect(secretErrorOf('prod/y', error)).toBe(error);
  });
});
