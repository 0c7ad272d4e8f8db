import type { Injection } from '../../src/credentials/injection.ts';
import type { Injector } from '../../src/credentials/injector.ts';
import type { Credential, RequestToInject } from '../../src/credentials/kind.ts';
import { KINDS } from '../../src/credentials/kinds.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import { TokenStore } from '../../src/tokens/token-store.ts';
import { soon } from '../support/deadline.ts';

/** A credential as it is read from a route. */
export function credential(key: string, spec: unknown): Credential {
  const kind = KINDS.find((it) => it.key === key);
  if (kind === undefined) throw new Error(`no kind ${key}`);
  return kind.schema.parse(spec);
}

/** A request that is as it should be, but for what is given. */
export function request(given: Partial<RequestToInject> = {}): RequestToInject {
  return {
    method: 'GET',
    authority: 'api.example.com',
    path: '/v1/things?a=1',
    attempt: 1,
    headers: () => [],
    oddNames: () => [],
    wasInjected: () => false,
    body: undefined,
    refusedTokens: () => [],
    ...given,
  };
}

/** A store of tokens for credentials that need none. */
export function noTokens(): TokenStore {
  return new TokenStore({
    writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
    notify: () => undefined,
  });
}

/** What an injector gives at once. */
export function atOnce(injector: Injector, secret: SecretVersion, given: Partial<RequestToInject> = {}): Injection {
  const injection = injector.injection(secret, request(given), noTokens(), soon());
  if (injection instanceof Promise) throw new Error('the injection has to wait');
  return injection;
}

/** A version of a secret with this value. */
export const version = (value: string, id = 'v1') => new SecretVersion(id, value);
