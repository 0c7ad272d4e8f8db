import { isRegion } from '../aws/region.ts';

const NAME = /^[A-Za-z0-9/_+=.@!-]{1,512}$/;
const ARN = /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:(.+)$/;
/** AWS ends each ARN with a hyphen and six random characters. */
const ENDING = /-[A-Za-z0-9]{6}$/;

/** What is wrong with the name or ARN of a secret. */
export interface SecretIdFault {
  readonly severity: 'error' | 'warning';
  readonly reason: string;
  readonly mend: string;
}

/**
 * What is wrong with the name or ARN of a secret; undefined when nothing is.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export function secretIdFault(text: string): SecretIdFault | undefined {
  if (text.startsWith('arn:')) return arnFault(text);
  if (!NAME.test(text)) {
    return {
      severity: 'error',
      reason: 'secret is no name of AWS Secrets Manager',
      mend: 'write 1 to 512 letters, digits and /_+=.@!- or the full ARN',
    };
  }
  if (!ENDING.test(text)) return undefined;
  return {
    severity: 'warning',
    reason: `secret ${text} ends in a hyphen and six characters, which AWS may take for the end of an ARN`,
    mend: 'write its full ARN, or rename it',
  };
}

function arnFault(text: string): SecretIdFault | undefined {
  const [, region = '', name = ''] = ARN.exec(text) ?? [];
  if (!isRegion(region) || !NAME.test(name)) {
    return {
      severity: 'error',
      reason: 'secret is no ARN of AWS Secrets Manager',
      mend: 'write it as arn:aws:secretsmanager:<region>:<12-digit account>:secret:<name>-<6 characters>',
    };
  }
  if (ENDING.test(name)) return undefined;
  return {
    severity: 'warning',
    reason: 'secret is an ARN without the six characters that AWS ends it with, which another secret may match too',
    mend: 'copy the full ARN',
  };
}
