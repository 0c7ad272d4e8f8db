import type { Deadline } from '../cache/deadline.ts';
import { PathError } from '../paths/path-error.ts';
import { SHORTEST } from '../redaction/forms.ts';
import { holding } from '../secrets/secret-value.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Token } from '../tokens/token.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { type Appended, appendedField } from './appended.ts';
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
  /** What of the token goes to the destination. */
  readonly sent?: (token: Token) => string;
}

/** What every request of an integration gets, whatever it asks for. */
export interface SharedField {
  readonly field: HeaderField;
  /** Ids of the tokens in it that were got with the secret. */
  readonly tokens: readonly string[];
  /** Until when they may be used, in ms on the clock of `cache/clock.ts`; infinite without any. */
  readonly until: number;
  /** Whether the destination's answer stands even if it is a refusal. */
  readonly final: boolean;
}

const NOTHING: readonly HeaderField[] = [];

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
  readonly #appends: readonly Appended[];
  readonly #secretId: string;
  readonly #credentials: readonly Credential[];
  readonly #redacts: boolean;
  readonly #known = new WeakMap<SecretVersion, Prepared | CredentialError>();
  #last: { readonly secret: SecretVersion; readonly result: Prepared | CredentialError } | undefined;
  readonly #ofFields = new WeakMap<FieldsStep, Injection>();
  readonly #ofTokens = new WeakMap<Token, HiddenPart>();

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
    this.#appends = credentials.flatMap(({ appends }) => appends ?? []);
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

  /**
   * The path as the caller sent it.
   *
   * @param path one into which an earlier attempt of the request has put what this injects.
   * @throws PathError when that is not in it.
   */
  callersPath(path: string): string {
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
   * @throws TokenError (or rejects with it) when a token cannot be got in time.
   */
  injection(
    secret: SecretVersion,
    request: RequestToInject,
    tokens: TokenStore,
    deadline: Deadline,
  ): Injection | Promise<Injection> {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
    if (result.injection !== undefined) return this.#besides(result.injection, request);
    const steps = result.steps.map((step) => ('token' in step ? withToken(step, request, tokens, deadline) : { step }));
    if (steps.some((step) => step instanceof Promise))
      return holding([secret], () => this.#later(steps, request, result.hidden));
    const ready = steps as ReadyStep[];
    const injection = this.#apply(ready, request, result.hidden);
    if (!(injection instanceof Promise)) return injection;
    return holding([secret, ...tokensOf(ready)], () => injection);
  }

  /** Each token is held from the moment in which it is there, since another one may take longer. */
  async #later(
    steps: readonly (ReadyStep | Promise<ReadyStep>)[],
    request: RequestToInject,
    ofSecret: readonly HiddenPart[],
  ): Promise<Injection> {
    const held: Token[] = [];
    const hold = (ready: ReadyStep) => {
      for (const token of tokensOf([ready])) {
        token.hold();
        held.push(token);
      }
      return ready;
    };
    try {
      const ready = await Promise.all(steps.map(async (step) => hold(step instanceof Promise ? await step : step)));
      return await this.#apply(ready, request, ofSecret);
    } finally {
      for (const token of held) token.release();
    }
  }

  /**
   * The one header that a credential sets without looking at the request, at once when everything is at hand.
   *
   * @param host the destination, in whose name a token is asked for.
   * @throws CredentialError (or rejects with it) when the version does not hold what the integration needs, or requests differ.
   * @throws TokenError (or rejects with it) when a token cannot be got in time.
   */
  shared(
    secret: SecretVersion,
    host: string,
    tokens: TokenStore,
    deadline: Deadline,
  ): SharedField | Promise<SharedField> {
    const result = this.#result(secret);
    if (result instanceof CredentialError) throw result;
    const [step, ...others] = result.steps;
    if (step === undefined || others.length > 0) throw new UnfitRequestError('it sets several things');
    if (!('token' in step)) return this.#sharedOf({ step });
    const ready = withToken(step, anyRequest(host), tokens, deadline);
    return ready instanceof Promise ? ready.then((it) => this.#sharedOf(it)) : this.#sharedOf(ready);
  }

  /** The parameters of a caller's query that go no further: the letters of their names. */
  get strippedParameters(): readonly string[] {
    return this.#callersOwn.parameterLetters;
  }

  #sharedOf({ step, token, final = false }: ReadyStep): SharedField {
    const [field, ...others] = isFields(step) ? step.fields : [];
    if (!isFields(step) || field === undefined || others.length > 0)
      throw new UnfitRequestError('it sets more than one header');
    if (token === undefined) return { field, tokens: [], until: Number.POSITIVE_INFINITY, final };
    // It is overwritten with its token.
    this.#once(step, [token], []);
    return { field, tokens: [token.id], until: token.mintedAt + token.lifetime.usableFor, final };
  }

  #result(secret: SecretVersion): Prepared | CredentialError {
    // Nearly always it is the one of the request before, and a look-up in a weak map costs more than all the rest.
    if (this.#last?.secret === secret) return this.#last.result;
    let result = this.#known.get(secret);
    if (result === undefined) {
      result = this.#prepare(secret);
      this.#known.set(secret, result);
      secret.attach(() => this.#forget(secret));
    }
    this.#last = { secret, result };
    return result;
  }

  /** What was made of a version goes with it. */
  #forget(secret: SecretVersion): void {
    const result = this.#known.get(secret);
    this.#known.delete(secret);
    if (this.#last?.secret === secret) this.#last = undefined;
    if (result === undefined || result instanceof CredentialError) return;
    for (const step of result.steps) if ('fields' in step) wipeFields(step);
    for (const { bytes } of result.hidden) bytes.fill(0);
    wipeEncoded(result.injection);
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

  #apply(
    ready: readonly ReadyStep[],
    request: RequestToInject,
    ofSecret: readonly HiddenPart[],
  ): Injection | Promise<Injection> {
    const steps = ready.map(({ step }) => step);
    const final = ready.some((it) => it.final === true);
    const tokens = tokensOf(ready);
    const hidden = [...ofSecret, ...(this.#redacts ? ready.flatMap((it) => this.#hiddenToken(it)) : [])];
    const [only, ...others] = steps;
    if (only !== undefined && others.length === 0 && !final && isFields(only))
      return this.#besides(this.#once(only, tokens, hidden), request);
    const common = {
      tokens: tokens.map(({ id }) => id),
      final,
      encoded: undefined,
      ...(this.#redacts ? { hidden } : {}),
    };
    const set = [...fieldsOf(steps), ...this.#appended(request)];
    const path = steps.reduce(
      (before, step) => ('path' in step ? pathWith(step, before) : before),
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
    const appended = this.#appended(request);
    const isListed = appended.length < this.#appends.length || appended.some(({ append }) => append !== true);
    if (path === request.path && remove === this.strips && !isListed) return injection;
    const own = isListed ? [...injection.set.filter(({ append }) => append !== true), ...appended] : injection.set;
    const set = [...own, ...(path === request.path ? [] : [pathField(path)])];
    return { ...injection, set, remove, encoded: undefined };
  }

  #appended(request: RequestToInject): readonly HeaderField[] {
    if (this.#appends.length === 0) return NOTHING;
    return this.#appends.flatMap((it) => appendedField(it, request) ?? []);
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
      const injection = known;
      for (const token of tokens)
        token.attach(() => {
          wipeFields(step);
          wipeEncoded(injection);
        });
    }
    return known;
  }

  #shared(set: HeaderField[], tokens: readonly string[], hidden: readonly HiddenPart[]): Injection {
    const encoded = new Map<string, Buffer>();
    const beside = this.#appends.map(({ name, value }) => ({ name, value: Buffer.from(value), append: true }) as const);
    const common = { set: Object.freeze([...set, ...beside]), remove: this.strips, tokens, final: false, encoded };
    return Object.freeze(this.#redacts ? { ...common, hidden } : common);
  }

  #hiddenToken({ token, sent }: ReadyStep): HiddenPart[] {
    if (token === undefined || sent === undefined) return [];
    let part = this.#ofTokens.get(token);
    if (part === undefined) {
      const bytes = Buffer.from(sent(token));
      part = { name: 'its token', token: token.id, bytes };
      this.#ofTokens.set(token, part);
      token.attach(() => bytes.fill(0));
    }
    return [part];
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

function withToken(
  it: TokenStep,
  request: RequestToInject,
  tokens: TokenStore,
  deadline: Deadline,
): ReadyStep | Promise<ReadyStep> {
  const { use, step, sent = (token) => token.reveal() } = it.token(request);
  const slot = tokens.slot(use);
  const ready = (token: Token, final: boolean): ReadyStep => ({ token, final, step: step(token), sent });
  if (request.attempt > 1)
    return slot.again(use, request.refusedTokens(), deadline).then((given) => ready(given.token, given.final));
  const token = slot.get(use, deadline);
  return token instanceof Promise ? token.then((it) => ready(it, slot.hopeless)) : ready(token, slot.hopeless);
}

/** A request of which nothing is known but where it goes. */
function anyRequest(host: string): RequestToInject {
  return {
    method: 'GET',
    authority: host,
    path: '/',
    attempt: 1,
    headers: () => [],
    oddNames: () => [],
    body: undefined,
    wasInjected: () => false,
    refusedTokens: () => [],
  };
}

function tokensOf(ready: readonly ReadyStep[]): Token[] {
  return ready.flatMap(({ token }) => (token === undefined ? [] : [token]));
}

function wipeFields({ fields }: FieldsStep): void {
  for (const { value } of fields) value.fill(0);
}

function wipeEncoded(injection: Injection | undefined): void {
  for (const bytes of injection?.encoded?.values() ?? []) bytes.fill(0);
  injection?.encoded?.clear();
}

function pathWith(step: PathStep, before: string): string {
  try {
    return step.path(before);
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
