import { parseSecretJson } from '../secrets/secret-json.ts';

/** The longest life that is believed, in ms: a year. Beyond it neither dates nor timers can be reckoned with. */
const LONGEST_LIFE = 365 * 24 * 3_600_000;

/** Kinds of token that are of no use without a proof or a signature of its own for each request. */
const BOUND = new Set(['dpop', 'mac', 'pop', 'n_a']);

/** What a code of an error consists of: anything else may be a sentence that quotes. */
const CODE = /^[\w.:-]{1,60}$/;

/** What an endpoint that gives tokens has answered, as far as it could be read. Everything may be missing. */
export interface TokenAnswer {
  readonly accessToken?: string;
  /** In ms from the moment in which it was asked for. Absent: not said, or nothing that a life can be: zero, negative, no number. */
  readonly life?: number;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The kind of the access token, when that cannot be sent as a bearer token. */
  readonly bound?: string;
  /** The code of an error, or `an error` when what stands there is none. */
  readonly error?: string;
  /** What else is said of the error. It may quote what was sent. */
  readonly description?: string;
}

/**
 * Reads an answer of a token endpoint (RFC 6749, section 5) as leniently as it can be without guessing. Libraries for OAuth refuse
 * what is not to the letter, and an answer that is refused takes a refresh token along that was replaced. So all of this is
 * read whatever the status and the content type say: JSON or a form, behind a byte order mark or not; numbers as texts and
 * texts as numbers; members of other types as missing ones.
 */
export function readTokenAnswer(text: string): TokenAnswer {
  const members = membersOf(text);
  const accessToken = textOf(members.access_token);
  const type = textOf(members.token_type);
  return {
    ...given('accessToken', accessToken),
    ...given('life', lifeOf(members.expires_in ?? members.expires)),
    ...given('refreshToken', textOf(members.refresh_token)),
    ...given('idToken', textOf(members.id_token)),
    ...(type !== undefined && BOUND.has(type.toLowerCase()) ? { bound: type } : {}),
    ...(accessToken === undefined ? errorOf(members) : {}),
  };
}

type Members = Readonly<Record<string, unknown>>;

/** The members of a JSON object or of a form; of anything else none. Numbers are the text that stands there. */
function membersOf(text: string): Members {
  const value = parseSecretJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  const form = text.trim();
  return value === undefined && /^[\w.-]+=[^\s<]*$/.test(form) ? Object.fromEntries(new URLSearchParams(form)) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function lifeOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return seconds > 0 ? Math.min(seconds * 1_000, LONGEST_LIFE) : undefined;
}

/** Where endpoints say why there is no token: OAuth's own members first, then what the field has beside them. */
function errorOf(members: Members): Pick<TokenAnswer, 'error' | 'description'> {
  const { error } = members;
  const inner: Members = typeof error === 'object' && error !== null ? (error as Members) : {};
  const codes = [error, inner.type, inner.status, inner.code, members.errorCode, members.error_code, members.errcode];
  const found = [...codes, members.status].map(textOf).find((it) => it !== undefined && isCode(it));
  const says = [members.error_description, inner.message, members.message, members.errorMessage, members.errmsg];
  const description = [...says, members.reason, error].map(textOf).find((it) => it !== undefined && it !== found);
  const code = found ?? (textOf(error) === undefined && Object.keys(inner).length === 0 ? undefined : 'an error');
  return { ...given('error', code), ...given('description', description) };
}

/** A bare number says nothing to anybody, and 0 often that all is well. */
function isCode(text: string): boolean {
  return CODE.test(text) && !/^\d{1,3}$/.test(text) && !/^(ok|success|true|false)$/i.test(text);
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [Key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [Key in K]: V });
}
