import { z } from 'zod';
import { awsNow } from '../aws/aws-clock.ts';
import { domainIn, isRegion, NO_REGION } from '../aws/region.ts';
import { signsLikeS3 } from '../signing/path-to-sign.ts';
import { EVERY_REGION, type RequestToSign, type SigningScope, signRequest } from '../signing/sign-request.ts';
import { SigningKey, type SigningKeyParts } from '../signing/signing-key.ts';
import { SigningKeyError } from '../signing/signing-key-error.ts';
import { UnsignableRequestError } from '../signing/unsignable-request-error.ts';
import { tokenOfRole } from '../tokens/assumed-role.ts';
import type { Token } from '../tokens/token.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { CredentialError } from './credential-error.ts';
import type { CredentialKind, SignStep, Step } from './kind.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { UnfitRequestError } from './unfit-request-error.ts';

/** What a signature writes. */
const WRITES = ['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'];

/** What a caller's own signature may have besides, and so is removed. */
const REMOVES = ['x-amz-s3session-token', 'x-amz-region-set'];

/** VPC Lattice reads no hash of a body. */
const LATTICE = 'vpc-lattice-svcs';

const OF_AWS =
  'write for example eu-west-1; services that are global sign with us-east-1, and what is for all Regions at once with "*"';

/**
 * `aws_sigv4: { service: s3, region: eu-west-1 }` signs the request with Signature Version 4 and the key in the secret:
 * `{"access_key_id", "secret_access_key", "session_token"?}`. The whole body is signed, unless `payload: unsigned` says otherwise,
 * which S3 allows and VPC Lattice wants; `role` names a role whose temporary key signs instead. `region: "*"` signs for every Region
 * with Version 4A, which S3 Multi-Region Access Points and global endpoints of EventBridge want.
 *
 * @see https://docs.aws.amazon.com/vpc-lattice/latest/ug/sigv4-authenticated-requests.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export const awsSigv4: CredentialKind = {
  key: 'aws_sigv4',
  example: 'aws_sigv4: { service: sqs, region: eu-west-1 }',
  schema: z
    .strictObject({
      service: z.string().refine((text) => /^[a-z0-9][a-z0-9-]*$/.test(text), {
        message: 'is no name of a service',
        params: { mend: 'write the name that AWS gives it in signatures, such as s3, sqs, execute-api or bedrock' },
      }),
      region: z.string().refine((text) => text === EVERY_REGION || /^[\w-]{1,64}$/.test(text), {
        message: 'is no name of a Region',
        params: { mend: OF_AWS },
      }),
      payload: z.enum(['signed', 'unsigned'], 'must be signed or unsigned').optional(),
      role: z
        .string()
        .refine((text) => /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(text), {
          message: 'is no ARN of a role',
          params: { mend: 'write it as arn:aws:iam::<12-digit account>:role/<name>' },
        })
        .optional(),
      external_id: z.string().min(2).max(1_224).optional(),
    })
    .superRefine(({ service, region, role }, context) => {
      // What speaks as S3 does gives its Regions names of its own: auto, us-west-004, fr-par, default.
      if (isRegion(region) || (signsLikeS3(service) && role === undefined) || !/^[\w-]+$/.test(region)) return;
      context.addIssue({ code: 'custom', path: ['region'], message: NO_REGION, params: { mend: OF_AWS } });
    })
    .refine(({ region, role }) => region !== EVERY_REGION || role === undefined, {
      path: ['region'],
      message: 'is "*" beside a role, and a role is taken on in one Region',
      params: { mend: 'put a temporary key of the role into the secret, or sign for one Region' },
    })
    .refine(({ service, payload }) => payload !== 'unsigned' || signsLikeS3(service) || service === LATTICE, {
      message: 'has payload: unsigned, which S3, stores that speak as it does, and VPC Lattice allow',
      params: { mend: 'take payload away' },
    })
    .refine(({ service, payload }) => payload !== 'signed' || service !== LATTICE, {
      message: 'has payload: signed, which VPC Lattice does not take',
      params: { mend: 'write payload: unsigned, or take payload away' },
    })
    .refine(({ role, external_id }) => external_id === undefined || role !== undefined, {
      message: 'has an external_id and no role',
      params: { mend: 'name the role, or take external_id away' },
    })
    .transform(({ service, region, payload, role, external_id: externalId }) => {
      const scope = { service, region };
      const isSigned = payload === undefined ? service !== LATTICE : payload === 'signed';
      return {
        service,
        places: WRITES,
        writes: [...WRITES, ...REMOVES],
        templates: [],
        shape: { access_key_id: '…', secret_access_key: '…' },
        readsBody: isSigned,
        sendsToken: role !== undefined,
        sent: (secretId, secret) => {
          const sessionToken = new SecretFields(secretId, secret).optional('session_token');
          return role === undefined && sessionToken !== undefined ? [sessionToken] : [];
        },
        prepare: (secretId, secret): Step => {
          const fields = new SecretFields(secretId, secret);
          const sessionToken = fields.optional('session_token');
          const parts = {
            accessKeyId: fields.required('access_key_id'),
            secretAccessKey: fields.required('secret_access_key'),
            ...(sessionToken === undefined ? {} : { sessionToken }),
          };
          const key = signingKey(secretId, parts);
          if (role === undefined) return signStep(key, scope, isSigned);
          const step = perToken((token) =>
            signStep(signingKey(secretId, JSON.parse(token.reveal()) as SigningKeyParts), scope, isSigned),
          );
          const assumed = { role, region, ...(externalId === undefined ? {} : { externalId }) };
          const origin = { secretId, endpoint: `sts.${region}.${domainIn(region)}` };
          const use: TokenUse = {
            ...origin,
            secret,
            purpose: `aws role ${role}${externalId === undefined ? '' : ` for ${externalId}`}`,
            mint: ({ signal }) => tokenOfRole(origin, key, assumed, signal),
          };
          const sent = (token: Token) => (JSON.parse(token.reveal()) as SigningKeyParts).sessionToken ?? '';
          return { token: () => ({ use, step, sent }) };
        },
      };
    }),
};

function signingKey(secretId: string, parts: SigningKeyParts): SigningKey {
  try {
    return new SigningKey(parts);
  } catch (error) {
    throw error instanceof SigningKeyError ? new CredentialError(`secret ${secretId}: ${error.message}`) : error;
  }
}

function signStep(key: SigningKey, scope: SigningScope, isSigned: boolean): SignStep {
  return {
    sign: async (request, path) => {
      const toSign: RequestToSign = {
        method: request.method,
        authority: request.authority,
        path,
        headers: request
          .headers()
          .map(([name, value]) => [name, Buffer.from(value, 'latin1').toString('utf8')] as const),
        payload: isSigned ? (request.body ?? EMPTY) : 'unsigned',
      };
      try {
        const { set, remove } = await signRequest(toSign, key, scope, new Date(awsNow()));
        return { set: set.map(([name, value]) => ({ name, value: Buffer.from(value) })), remove };
      } catch (error) {
        throw error instanceof UnsignableRequestError ? new UnfitRequestError(error.message) : error;
      }
    },
  };
}

const EMPTY = Buffer.alloc(0);
