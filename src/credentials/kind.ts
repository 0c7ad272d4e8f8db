import type { z } from 'zod';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Token } from '../tokens/token.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import type { Appended } from './appended.ts';
import type { HeaderField } from './injection.ts';
import type { Template } from './template.ts';

/** What a credential may look at of a request. Texts are as they stand on the wire, one character for each byte. */
export interface RequestToInject {
  readonly method: string;
  readonly authority: string;
  /** `:path` with its query, as the caller sent it. */
  readonly path: string;
  /** 1 for the first attempt, 2 for the first retry, …; 0 when asked before routing. */
  readonly attempt: number;
  /** The headers that Envoy shows, in their order, with lower-case names. */
  readonly headers: () => readonly (readonly [name: string, value: string])[];
  /** The names among them that hold another character than letters, digits and hyphens, and may be taken for another name. */
  readonly oddNames: () => readonly string[];
  /** The whole body; undefined when it was not asked for or there is none. */
  readonly body: Buffer | undefined;
  /**
   * Whether Envoy has taken over what Attaché said about an earlier attempt, so that its headers and its path stand in this one. The
   * count of attempts does not tell: an attempt that ended before the answer came carries nothing.
   */
  readonly wasInjected: () => boolean;
  /** Ids of the tokens that earlier attempts carried and the destination refused, in their order. */
  readonly refusedTokens: () => readonly string[];
}

/** What a credential does, as far as one version of the secret decides it. */
export type Step = FixedStep | TokenStep;

/** What is done to a request once everything is at hand. */
export type FixedStep = FieldsStep | PathStep | SignStep;

/** The same headers for every request. */
export interface FieldsStep {
  readonly fields: readonly HeaderField[];
}

/** Another path. */
export interface PathStep {
  /**
   * @param path what stands there now, with its query.
   * @throws PathError for a path that it cannot be put into.
   */
  path(path: string): string;
}

/** Headers that depend on all of the request; it comes after every other step. */
export interface SignStep {
  /**
   * @param path what stands in `:path` after every other step.
   * @throws CredentialError for a request that cannot be signed.
   */
  sign(
    request: RequestToInject,
    path: string,
  ): Promise<{ readonly set: readonly HeaderField[]; readonly remove: readonly string[] }>;
}

/** What needs a token that is got with the secret. */
export interface TokenStep {
  /** @throws CredentialError for a request that leaves open which token it needs. */
  token(request: RequestToInject): NeededToken;
}

/** A token that a request needs, and what is done with it. */
export interface NeededToken {
  readonly use: TokenUse;
  /** Gives the same object for the same token, so that what follows from it can be remembered. */
  readonly step: (token: Token) => FixedStep;
  /** What of it goes to the destination. Absent: all of it. */
  readonly sent?: (token: Token) => string;
}

/** A credential as a route asks for it: ready to be filled in with a secret. */
export interface Credential {
  /** What it writes, as people name it: a header in lower case, `query key`, `path`. No two credentials of a route share one. */
  readonly places: readonly string[];
  /** The headers that it writes, in lower case; `:path` for the path and its query. */
  readonly writes: readonly string[];
  /** The parameters of the query that it sets, decoded. Absent: none. */
  readonly parameters?: readonly string[];
  /** What it adds to lists of the caller's, whatever the secret is. Absent: nothing. */
  readonly appends?: readonly Appended[];
  /** What it takes from the secret. */
  readonly templates: readonly Template[];
  /** What the secret must hold, as it is stored, where no template says it: for instructions. */
  readonly shape?: Readonly<Record<string, string>>;
  /** Whether the destination gets a token in place of the secret. Default false. */
  readonly sendsToken?: boolean;
  /** What speaks against it although it works, and what to do instead: `check` says it. Absent: nothing. */
  readonly caution?: { readonly reason: string; readonly mend: string };
  /** The service of AWS that the destination is, as signatures name it: its clients read refusals in a form of their own. */
  readonly service?: string;
  /** Whether it needs the whole body of a request. Default false. */
  readonly readsBody?: boolean;
  /** A path before which this has put its own, without that. Absent: it puts nothing there. */
  callersPath?(path: string): string;
  /** Why a request may not be made with it, as a sentence for the caller; undefined when it may. */
  refusal?(request: RequestToInject): string | undefined;
  /**
   * What of the secret goes to the destination. Absent: what its templates refer to.
   *
   * @throws CredentialError when the secret does not hold what is needed.
   */
  sent?(secretId: string, secret: SecretVersion): readonly string[];
  /**
   * What it does with one version of the secret.
   *
   * @throws CredentialError when the secret does not hold what is needed.
   */
  prepare(secretId: string, secret: SecretVersion): Step;
}

/** A kind of credential: the key by which a route asks for it, and what may stand under that key. */
export interface CredentialKind {
  /** For example `bearer`. */
  readonly key: string;
  /** The key with a value as it is written. */
  readonly example: string;
  /** Turns what stands under the key into a credential, or says what is wrong with it. */
  readonly schema: z.ZodType<Credential>;
}
