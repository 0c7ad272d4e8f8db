import type { Fault } from '../../support/scripted-secrets-manager/fault.ts';
import type { AwsCall } from '../../support/scripted-secrets-manager/faulty-server.ts';

/**
 * Makes an emulator do as AWS does when PutSecretValue comes a second time with the same token and the same value: nothing.
 * ministack would move the labels again.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
 */
export function ignoreRepeatedWrites(): (call: AwsCall) => Fault | undefined {
  const known = new Set<string>();
  return ({ operation, secret, body }) => {
    if (operation !== 'PutSecretValue') return undefined;
    const { ClientRequestToken: token, SecretString: value } = body;
    const key = JSON.stringify([secret, token, value]);
    if (known.has(key)) return { status: 200, body: JSON.stringify({ Name: secret, VersionId: token }) };
    known.add(key);
    return undefined;
  };
}
