import { type RunningAws, startAws } from '../../local/aws.ts';
import type { SigningKeyParts } from '../../src/signing/signing-key.ts';

/** The emulator's root is who has the keys that it was started with. It does not look at root's signatures. */
const ROOT = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

/** An emulator that refuses whoever is not allowed, or signs wrongly. */
export interface EnforcingAws extends RunningAws {
  /** Host and port, as they stand in the host header. */
  readonly authority: string;
  /** The key of a user who may do everything in S3, SQS and DynamoDB, and assume the role. */
  readonly user: SigningKeyParts;
  /** The ARN of a role that the user may assume. It may do everything in S3, SQS and DynamoDB. */
  readonly role: string;
  /**
   * A call as root to a service with the query protocol, for example IAM.
   *
   * @throws Error with what the emulator answered when that is not 2xx.
   */
  asRoot(service: string, parameters: Readonly<Record<string, string>>): Promise<string>;
}

/**
 * Starts ministack with IAM and signatures enforced, a user with an access key in it and a role.
 *
 * What it does not check is whether a body is the one whose hash stands in `x-amz-content-sha256`, which is signed.
 */
export async function startEnforcingAws(): Promise<EnforcingAws> {
  await using starting = new AsyncDisposableStack();
  const aws = starting.use(await startAws({ env: { AUTH: 'true', ...ROOT } }));

  const asRoot = async (service: string, parameters: Readonly<Record<string, string>>) => {
    const scope = `Credential=${ROOT.AWS_ACCESS_KEY_ID}/20260101/${aws.region}/${service}/aws4_request`;
    const answer = await fetch(aws.endpoint, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams(parameters),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the local AWS refuses ${parameters.Action}: ${text}`);
    return text;
  };
  const iam = (parameters: Readonly<Record<string, string>>) => asRoot('iam', { Version: '2010-05-08', ...parameters });

  await iam({ Action: 'CreateUser', UserName: 'signer' });
  const created = await iam({ Action: 'CreateAccessKey', UserName: 'signer' });
  const user = {
    accessKeyId: element(created, 'AccessKeyId'),
    secretAccessKey: element(created, 'SecretAccessKey'),
  };
  const role = element(
    await iam({
      Action: 'CreateRole',
      RoleName: 'signed-for',
      AssumeRolePolicyDocument: policy({ Action: 'sts:AssumeRole', Principal: { AWS: '*' } }),
    }),
    'Arn',
  );
  const work = { Action: ['s3:*', 'sqs:*', 'dynamodb:*'], Resource: '*' };
  await iam({
    Action: 'PutUserPolicy',
    UserName: 'signer',
    PolicyName: 'work',
    PolicyDocument: policy(work, { Action: 'sts:AssumeRole', Resource: role }),
  });
  await iam({ Action: 'PutRolePolicy', RoleName: 'signed-for', PolicyName: 'work', PolicyDocument: policy(work) });

  const running = starting.move();
  const stop = () => running.disposeAsync();
  return { ...aws, authority: new URL(aws.endpoint).host, user, role, asRoot, stop, [Symbol.asyncDispose]: stop };
}

/** The text of the first element of this name in an answer of AWS in XML. */
export function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]+)<`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`the local AWS answered without ${name}: ${xml}`);
  return text;
}

function policy(...statements: object[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
}

/** The value of a secret that holds this key. */
export function secretOf({ accessKeyId, secretAccessKey, sessionToken }: SigningKeyParts): string {
  return JSON.stringify({
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
  });
}

/** A key of the role, for an hour. */
export async function temporaryKey(aws: EnforcingAws, session: string): Promise<SigningKeyParts> {
  const xml = await aws.asRoot('sts', {
    Version: '2011-06-15',
    Action: 'AssumeRole',
    RoleArn: aws.role,
    RoleSessionName: session,
  });
  return {
    accessKeyId: element(xml, 'AccessKeyId'),
    secretAccessKey: element(xml, 'SecretAccessKey'),
    sessionToken: element(xml, 'SessionToken'),
  };
}
