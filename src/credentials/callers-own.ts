import { lettersOf } from '../paths/letters.ts';
import { withoutParameters } from '../paths/without-parameters.ts';

/**
 * Headers in which the field sends credentials, and nothing else: never passed on of a caller's own, whatever the integration sets.
 *
 * A name stands here when many APIs use it, or software that people run under names of their own; what a single API uses is in its
 * entry of the catalogue. `x-csrf-token` and its like are none: alone they open nothing.
 */
export const ALWAYS_STRIPPED: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  // API keys: gateways (Amazon, Kong, Azure, RapidAPI), Google, Datadog.
  'x-api-key',
  'api-key',
  'apikey',
  'x-apikey',
  'x-goog-api-key',
  'ocp-apim-subscription-key',
  'x-rapidapi-key',
  'dd-api-key',
  'dd-application-key',
  // Tokens: OpenStack and many others, GitLab, Vault, Consul, Shopify, Figma.
  'x-auth-token',
  'x-auth-key',
  'x-access-token',
  'x-api-token',
  'private-token',
  'job-token',
  'deploy-token',
  'x-gitlab-token',
  'x-vault-token',
  'x-consul-token',
  'x-shopify-access-token',
  'x-figma-token',
  // Google Cloud Run and Azure read these in place of authorization, or beside it.
  'x-serverless-authorization',
  'x-ms-authorization-auxiliary',
];

/**
 * The same for parameters of the query. Only names that are an API's key or token wherever they occur stand here (RFC 6750,
 * section 2.3, among others): `key`, `token` and `sig` are ordinary parameters of many APIs, so an integration names those itself.
 */
export const ALWAYS_STRIPPED_PARAMETERS: readonly string[] = ['access_token', 'api_key', 'private_token'];

/** Headers by which many frameworks let a request be another one than its method and path say. */
export const OVERRIDES = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
];

/** Headers that ask for a response in which a value cannot be found: compressed, or in pieces. */
export const UNSEARCHABLE = ['accept-encoding', 'grpc-accept-encoding', 'connect-accept-encoding', 'range', 'if-range'];

/** Headers that say where a message ends: one that a server might take for these goes no further. */
const FRAMING = ['content-length', 'transfer-encoding'];

/** What is taken away of the things that a caller brings along as its own credential. */
export class CallersOwn {
  /** Headers that are removed from every request, in lower case. */
  readonly headers: readonly string[];
  readonly #letters: ReadonlySet<string>;
  readonly #parameters: ReadonlySet<string>;
  readonly #ours: ReadonlySet<string>;

  /**
   * @param options.headers names that are removed, in lower case, but for those that are set.
   * @param options.sets headers that are set, in lower case, whatever the caller has sent.
   * @param options.parameters names in the query that are removed.
   * @param options.setsParameters names in the query that are set.
   */
  constructor(options: {
    readonly headers: readonly string[];
    readonly sets: readonly string[];
    readonly parameters: readonly string[];
    readonly setsParameters: readonly string[];
  }) {
    const { headers, sets, parameters, setsParameters } = options;
    this.headers = Object.freeze(headers.filter((name) => !sets.includes(name)));
    this.#letters = new Set([...headers, ...sets, ...FRAMING].map(lettersOf));
    this.#parameters = new Set([...parameters, ...setsParameters].map(lettersOf));
    this.#ours = new Set(setsParameters);
  }

  /**
   * Those of these headers that some server may read as one that is set or removed: many frameworks see `x_api_key` and `x-api-key`
   * as the same.
   *
   * @param oddNames names that hold another character than letters, digits and hyphens.
   */
  lookalikes(oddNames: readonly string[]): readonly string[] {
    return oddNames.length === 0 ? oddNames : oddNames.filter((name) => this.#letters.has(lettersOf(name)));
  }

  /** The letters of the names that are removed from a query. */
  get parameterLetters(): readonly string[] {
    return [...this.#parameters];
  }

  /** A path without the caller's own credentials in its query. Parameters that are set stay, for their step to replace them. */
  withoutParameters(path: string): string {
    return path.includes('?') ? withoutParameters(path, this.#parameters, this.#ours) : path;
  }
}
