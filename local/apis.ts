import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** An API that the local upstream plays, and the secret that opens it. */
export interface Api {
  readonly host: string;
  /** Its secret's name in Secrets Manager, as envoy/envoy.yaml has it. */
  readonly secret: string;
  /** A path to try, for the lines that `npm start` prints. */
  readonly example: string;
  /** A new key of the API's own shape. Random: none is ever written into the repository. */
  newKey(): string;
  /** The secret's value that holds this key. */
  secretValue(key: string): string;
  /** The key that a request carries in the one way this API accepts; undefined when it carries none. */
  keyIn(headers: IncomingHttpHeaders): string | undefined;
}

export type ApiName = 'stripe' | 'openai' | 'anthropic';

/** The three integrations of envoy/envoy.yaml. */
export const apis: Readonly<Record<ApiName, Api>> = {
  stripe: {
    host: 'api.stripe.com',
    secret: 'prod/stripe',
    example: '/v1/customers',
    newKey: () => `sk_test_${random()}`,
    secretValue: (key) => JSON.stringify({ api_key: key }),
    keyIn: (headers) => basicUser(headers.authorization),
  },
  openai: {
    host: 'api.openai.com',
    secret: 'prod/openai',
    example: '/v1/models',
    newKey: () => `sk-proj-${random()}`,
    secretValue: (key) => JSON.stringify({ api_key: key }),
    keyIn: (headers) => bearer(headers.authorization),
  },
  anthropic: {
    host: 'api.anthropic.com',
    secret: 'prod/anthropic',
    example: '/v1/models',
    newKey: () => `sk-ant-${random()}`,
    secretValue: (key) => key,
    keyIn: (headers) => single(headers['x-api-key']),
  },
};

/** The names of `apis`, in their order. */
export const apiNames: readonly ApiName[] = ['stripe', 'openai', 'anthropic'];

/** A fresh key for each of the three. */
export function newKeys(): Record<ApiName, string> {
  return { stripe: apis.stripe.newKey(), openai: apis.openai.newKey(), anthropic: apis.anthropic.newKey() };
}

/** The token of `Authorization: Bearer …`. */
export function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
}

/** The user name of `Authorization: Basic …` when the password is empty, as Stripe wants it. */
export function basicUser(authorization: string | undefined): string | undefined {
  const encoded = /^Basic (\S+)$/.exec(authorization ?? '')?.[1];
  const [user, ...rest] = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .split(':');
  return rest.join(':') === '' && user !== '' ? user : undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function random(): string {
  return randomBytes(18).toString('hex');
}
