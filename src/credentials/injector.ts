import { PathError } from '../paths/path-error.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Token } from '../tokens/token.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { CredentialError } from './credential-error.ts';
import type { HeaderField, Injection } from './injection.ts';
import type { Credential, FieldsStep, FixedStep, PathStep, RequestToInject, Step, TokenStep } from './kind.ts';
import { UnfitRequestError } from './unfit-request-error.ts';

/** A client's own credentials: never passed on, whatever the integration sets. */
export const ALWAYS_STRIPPED: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key'];

/** What the credentials do with one version of the secret. */
interface Prepared {
  readonly steps: readonly Step[];
  /** There when it is the same for every request. */
  readonly injection: Injection | undefined;
}

/** A step that needs nothing more, with the token that it was made of. */
interface ReadyStep {
  readonly step: FixedStep;
  readonly token?: Token;
  readonly final?: boolean;
}

/**
 * Turns versions of a secret into what is done to a request. What a version or a token decides is worked out once; for
 * credentials that are the same for every request the second one costs one look-up.
 */
export class Injector {
  /** Whether a request's whole body is needed. */
  readonly readsBody: boolean;
  /** Whether all that the destination gets are tokens, so that a refusal says nothing about the secret. */
  readonly sendsTokensAlone: boolean;
  readonly #secretId: string;
  readonly #credentials: readonly Credential[];
  readonly #remove: readonly string[];
  readonly #known = new WeakMap<SecretVersion, Prepared | CredentialError>();
  readonly #ofFields = new WeakMap<FieldsStep, Injection>();

  constructor(secretId: string, credentials: readonly Credential[]) {
    this.#secretId = secretId;
    this.#credentials = credentials;
    this.readsBody = credentials.some((credential) => credential.readsBody === true);
    this.sendsTokensAlone = credentials.every((credential) => credential.sendsToken === true);
    const writes = credentials.flatMap((credential) => credential.writes);
    this.#remove = ALWAYS_STRIPPED.filter((name) => !writes.includes(name));
  }

  /** Whether a version holds what the integration needs. */
  accepts(secret: SecretVersion): boolean {
    return !(this.#result(secret) instanceof CredentialError);
  }

  /**
   * Says what is wrong with a version.
   *
   * @throws CredentialError when it does not hold what the integration needs.
   */
  require(secret: SecretVersion): void {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
  }

  /** Why a request may not be made with these credentials, as a sentence for the caller; undefined when it may. */
  refusal(request: RequestToInject): string | undefined {
    for (const credential of this.#credentials) {
      const refusal = credential.refusal?.(request);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /**
   * What is done to a request, at once when everything is at hand.
   *
   * @throws CredentialError (or rejects with it) when the version does not hold what the integration needs, or the request does not.
   * @throws TokenError (or rejects with it) when a token cannot be got.
   */
  injection(secret: SecretVersion, request: RequestToInject, tokens: TokenStore): Injection | Promise<Injection> {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
    if (result.injection !== undefined) return result.injection;
    const steps = result.steps.map((step) => ('token' in step ? this.#withToken(step, request, tokens) : { step }));
    return steps.some((step) => step instanceof Promise)
      ? Promise.all(steps).then((ready) => this.#apply(ready, request))
      : this.#apply(steps as ReadyStep[], request);
  }

  #result(secret: SecretVersion): Prepared | CredentialError {
    let result = this.#known.get(secret);
    if (result === undefined) {
      result = this.#prepare(secret);
      this.#known.set(secret, result);
    }
    return result;
  }

  #prepare(secret: SecretVersion): Prepared | CredentialError {
    try {
      const steps = this.#credentials.map((credential) => credential.prepare(this.#secretId, secret));
      return { steps, injection: steps.every(isFields) ? this.#shared(fieldsOf(steps), []) : undefined };
    } catch (error) {
      if (error instanceof CredentialError) return error;
      throw error;
    }
  }

  #withToken(it: TokenStep, request: RequestToInject, tokens: TokenStore): ReadyStep | Promise<ReadyStep> {
    const { use, step } = it.token(request);
    const slot = tokens.slot(use);
    if (request.attempt > 1)
      return slot.again(use, request.refusedTokens()).then((given) => ({ ...given, step: step(given.token) }));
    const ready = (token: Token) => ({ token, final: slot.hopeless, step: step(token) });
    const token = slot.get(use);
    return token instanceof Promise ? token.then(ready) : ready(token);
  }

  #apply(ready: readonly ReadyStep[], request: RequestToInject): Injection | Promise<Injection> {
    const steps = ready.map(({ step }) => step);
    const final = ready.some((it) => it.final === true);
    const tokens = ready.flatMap(({ token }) => (token === undefined ? [] : [token]));
    const [only, ...others] = steps;
    if (only !== undefined && others.length === 0 && !final && isFields(only)) return this.#once(only, tokens);
    const common = { tokens: tokens.map(({ id }) => id), final, isShared: false };
    const set = fieldsOf(steps);
    const isRetry = request.attempt > 1;
    const path = steps.reduce(
      (before, step) => ('path' in step ? pathWith(step, before, isRetry) : before),
      request.path,
    );
    if (path !== request.path) set.push({ name: ':path', value: Buffer.from(path, 'latin1') });
    const signs = steps.filter((step) => 'sign' in step);
    if (signs.length === 0) return { set, remove: this.#remove, ...common };
    return Promise.all(signs.map((step) => step.sign(request, path))).then((signed) => ({
      set: [...set, ...signed.flatMap((it) => it.set)],
      remove: [...this.#remove, ...signed.flatMap((it) => it.remove)],
      ...common,
    }));
  }

  #once(step: FieldsStep, tokens: readonly Token[]): Injection {
    let known = this.#ofFields.get(step);
    if (known === undefined) {
      known = this.#shared(
        [...step.fields],
        tokens.map(({ id }) => id),
      );
      this.#ofFields.set(step, known);
    }
    return known;
  }

  #shared(set: HeaderField[], tokens: readonly string[]): Injection {
    return Object.freeze({ set: Object.freeze(set), remove: this.#remove, tokens, final: false, isShared: true });
  }
}

function pathWith(step: PathStep, before: string, isRetry: boolean): string {
  try {
    return step.path(before, isRetry);
  } catch (error) {
    throw error instanceof PathError ? new UnfitRequestError(error.message) : error;
  }
}

function isFields(step: Step): step is FieldsStep {
  return 'fields' in step;
}

function fieldsOf(steps: readonly Step[]): HeaderField[] {
  return steps.flatMap((step) => ('fields' in step ? step.fields : []));
}
