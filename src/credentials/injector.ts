import { PathError } from '../paths/path-error.ts';
import { SHORTEST } from '../redaction/forms.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Token } from '../tokens/token.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { ALWAYS_STRIPPED, ALWAYS_STRIPPED_PARAMETERS, CallersOwn } from './callers-own.ts';
import { CredentialError } from './credential-error.ts';
import type { HeaderField, HiddenPart, Injection } from './injection.ts';
import type { Credential, FieldsStep, FixedStep, PathStep, RequestToInject, Step, TokenStep } from './kind.ts';
import { UnfitRequestError } from './unfit-request-error.ts';

/** What the credentials do with one version of the secret. */
interface Prepared {
  readonly steps: readonly Step[];
  /** What of the secret must be taken out of the response. */
  readonly hidden: readonly HiddenPart[];
  /** There when it is the same for every request. */
  readonly injection: Injection | undefined;
}

/** A step that needs nothing more, with the token that it was made of. */
interface ReadyStep {
  readonly step: FixedStep;
  readonly token?: Token;
  readonly final?: boolean;
  /** What of the token must be taken out of the response. */
  readonly hidden?: HiddenPart;
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
  /** The headers that it removes, in lower case. */
  readonly strips: readonly string[];
  readonly #callersOwn: CallersOwn;
  readonly #secretId: string;
  readonly #credentials: readonly Credential[];
  readonly #redacts: boolean;
  readonly #known = new WeakMap<SecretVersion, Prepared | CredentialError>();
  #last: { readonly secret: SecretVersion; readonly result: Prepared | CredentialError } | undefined;
  readonly #ofFields = new WeakMap<FieldsStep, Injection>();

  /**
   * @param options.strips headers of a caller that go no further, unless a credential sets them.
   * @param options.stripsParameters parameters of a caller's query that go no further.
   * @param options.redacts whether injections say what must be taken out of the response.
   */
  constructor(
    secretId: string,
    credentials: readonly Credential[],
    {
      strips = ALWAYS_STRIPPED,
      stripsParameters = ALWAYS_STRIPPED_PARAMETERS,
      redacts = false,
    }: {
      readonly strips?: readonly string[];
      readonly stripsParameters?: readonly string[];
      readonly redacts?: boolean;
    } = {},
  ) {
    this.#redacts = redacts;
    this.#secretId = secretId;
    this.#credentials = credentials;
    this.readsBody = credentials.some((credential) => credential.readsBody === true);
    this.sendsTokensAlone = credentials.every((credential) => credential.sendsToken === true);
    this.#callersOwn = new CallersOwn({
      headers: strips,
      sets: credentials.flatMap(({ writes }) => writes),
      parameters: stripsParameters,
      setsParameters: credentials.flatMap(({ parameters }) => parameters ?? []),
    });
    this.strips = this.#callersOwn.headers;
  }

  /**
   * What of a version goes to the destination; empty unless injections say it.
   *
   * @throws CredentialError when the version does not hold what the integration needs.
   */
  hiddenOf(secret: SecretVersion): readonly HiddenPart[] {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
    return result.hidden;
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

  /** The path as the caller sent it, without what an earlier attempt has put before it. */
  callersPath({ path, attempt }: Pick<RequestToInject, 'path' | 'attempt'>): string {
    if (attempt <= 1) return path;
    return this.#credentials.reduce((before, credential) => credential.callersPath?.(before) ?? before, path);
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
    if (result.injection !== undefined) return this.#besides(result.injection, request);
    const steps = result.steps.map((step) => ('token' in step ? this.#withToken(step, request, tokens) : { step }));
    return steps.some((step) => step instanceof Promise)
      ? Promise.all(steps).then((ready) => this.#apply(ready, request, result.hidden))
      : this.#apply(steps as ReadyStep[], request, result.hidden);
  }

  #result(secret: SecretVersion): Prepared | CredentialError {
    // Nearly always it is the one of the request before, and a look-up in a weak map costs more than all the rest.
    if (this.#last?.secret === secret) return this.#last.result;
    let result = this.#known.get(secret);
    if (result === undefined) {
      result = this.#prepare(secret);
      this.#known.set(secret, result);
    }
    this.#last = { secret, result };
    return result;
  }

  #prepare(secret: SecretVersion): Prepared | CredentialError {
    try {
      const steps = this.#credentials.map((credential) => credential.prepare(this.#secretId, secret));
      const hidden = this.#redacts ? this.#hiddenIn(secret) : [];
      return {
        steps,
        hidden,
        injection: steps.every(isFields) ? this.#shared(fieldsOf(steps), [], hidden) : undefined,
      };
    } catch (error) {
      if (error instanceof CredentialError) return error;
      throw error;
    }
  }

  #withToken(it: TokenStep, request: RequestToInject, tokens: TokenStore): ReadyStep | Promise<ReadyStep> {
    const { use, step, sent = (token) => token.reveal() } = it.token(request);
    const slot = tokens.slot(use);
    const ready = (token: Token, final: boolean): ReadyStep => ({
      token,
      final,
      step: step(token),
      ...(this.#redacts ? { hidden: { name: 'its token', token: token.id, bytes: Buffer.from(sent(token)) } } : {}),
    });
    if (request.attempt > 1)
      return slot.again(use, request.refusedTokens()).then((given) => ready(given.token, given.final));
    const token = slot.get(use);
    return token instanceof Promise ? token.then((it) => ready(it, slot.hopeless)) : ready(token, slot.hopeless);
  }

  #apply(
    ready: readonly ReadyStep[],
    request: RequestToInject,
    ofSecret: readonly HiddenPart[],
  ): Injection | Promise<Injection> {
    const steps = ready.map(({ step }) => step);
    const final = ready.some((it) => it.final === true);
    const tokens = ready.flatMap(({ token }) => (token === undefined ? [] : [token]));
    const hidden = [...ofSecret, ...ready.flatMap((it) => it.hidden ?? [])];
    const [only, ...others] = steps;
    if (only !== undefined && others.length === 0 && !final && isFields(only))
      return this.#besides(this.#once(only, tokens, hidden), request);
    const common = {
      tokens: tokens.map(({ id }) => id),
      final,
      encoded: undefined,
      ...(this.#redacts ? { hidden } : {}),
    };
    const set = fieldsOf(steps);
    const isRetry = request.attempt > 1;
    const path = steps.reduce(
      (before, step) => ('path' in step ? pathWith(step, before, isRetry) : before),
      this.#callersOwn.withoutParameters(request.path),
    );
    const remove = this.#removed(request);
    if (path !== request.path) set.push(pathField(path));
    const signs = steps.filter((step) => 'sign' in step);
    if (signs.length === 0) return { set, remove, ...common };
    return Promise.all(signs.map((step) => step.sign(request, path))).then((signed) => ({
      set: [...set, ...signed.flatMap((it) => it.set)],
      remove: [...remove, ...signed.flatMap((it) => it.remove)],
      ...common,
    }));
  }

  /** The same injection, and what this one request has of its caller's own besides, which is rare. */
  #besides(injection: Injection, request: RequestToInject): Injection {
    const path = this.#callersOwn.withoutParameters(request.path);
    const remove = this.#removed(request);
    if (path === request.path && remove === this.strips) return injection;
    const set = [...injection.set, ...(path === request.path ? [] : [pathField(path)])];
    return { ...injection, set, remove, encoded: undefined };
  }

  #removed(request: RequestToInject): readonly string[] {
    const lookalikes = this.#callersOwn.lookalikes(request.oddNames());
    return lookalikes.length === 0 ? this.strips : [...this.strips, ...lookalikes];
  }

  #once(step: FieldsStep, tokens: readonly Token[], hidden: readonly HiddenPart[]): Injection {
    let known = this.#ofFields.get(step);
    if (known === undefined) {
      known = this.#shared(
        [...step.fields],
        tokens.map(({ id }) => id),
        hidden,
      );
      this.#ofFields.set(step, known);
    }
    return known;
  }

  #shared(set: HeaderField[], tokens: readonly string[], hidden: readonly HiddenPart[]): Injection {
    const encoded = new Map<string, Buffer>();
    const common = { set: Object.freeze(set), remove: this.strips, tokens, final: false, encoded };
    return Object.freeze(this.#redacts ? { ...common, hidden } : common);
  }

  /** A part that is too short stays visible as long as another one is long enough: a name of a user, for example. */
  #hiddenIn(secret: SecretVersion): HiddenPart[] {
    const texts = this.#credentials.flatMap(
      (credential) =>
        credential.sent?.(this.#secretId, secret) ??
        credential.templates.flatMap((template) => template.values(this.#secretId, secret)),
    );
    const values = texts.map((text) => ({ name: 'a part of its secret', bytes: Buffer.from(text) }));
    const fit = values.filter(({ bytes }) => bytes.length >= SHORTEST);
    if (values.length > 0 && fit.length === 0)
      throw new CredentialError(
        `secret ${this.#secretId} is shorter than ${SHORTEST} bytes, too short to be told from other text in a response; store a longer key, or take redact away`,
      );
    return fit;
  }
}

function pathWith(step: PathStep, before: string, isRetry: boolean): string {
  try {
    return step.path(before, isRetry);
  } catch (error) {
    throw error instanceof PathError ? new UnfitRequestError(error.message) : error;
  }
}

function pathField(path: string): HeaderField {
  return { name: ':path', value: Buffer.from(path, 'latin1') };
}

function isFields(step: Step): step is FieldsStep {
  return 'fields' in step;
}

function fieldsOf(steps: readonly Step[]): HeaderField[] {
  return steps.flatMap((step) => ('fields' in step ? step.fields : []));
}
