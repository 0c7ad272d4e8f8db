import type { Library } from './library.ts';

/** How a key is sent, as a route of envoy.yaml says it: one or more kinds of credential. */
export interface CredentialBlock {
  readonly bearer?: string;
  readonly basic?: { readonly username?: string; readonly password?: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly github_app?: {
    readonly repositories?: readonly string[];
    readonly permissions?: Readonly<Record<string, 'read' | 'write' | 'admin'>>;
    readonly api?: string;
  };
  readonly oauth2?: {
    readonly grant: 'client_credentials' | 'refresh_token';
    readonly token_url: string;
    readonly scopes?: readonly string[];
    readonly audience?: string;
    readonly auth?: 'basic' | 'body' | 'private_key_jwt' | 'none';
  };
  readonly google_service_account?: { readonly scopes: readonly string[] } | { readonly audience: string };
  readonly aws_sigv4?: { readonly service: string; readonly region: string; readonly payload?: 'unsigned' };
}

/** A well-known API: what a route to it needs, and what a program needs to use the route. */
export interface Vendor {
  /** As in `attache add stripe`. */
  readonly name: string;
  /** The host of its API. `{region}` in it stands for the AWS Region, which is then to be named. */
  readonly host: string;
  /** `{region}` in it stands for the same Region. */
  readonly credential: CredentialBlock;
  /** Its client libraries and what else people use it with. `noLibrary` says why there is none. */
  readonly libraries?: readonly Library[];
  /** Why no library is named: a whole clause, without a full stop. */
  readonly noLibrary?: string;
  /**
   * What else the API takes as a credential, so that a caller's own goes no further: headers in lower case, and `query:name`; without
   * what is never passed on.
   */
  readonly strip?: readonly string[];
  /** A field of the body that the API takes as a credential. Bodies are passed on as they are. */
  readonly inBody?: string;
  /** The command that shows how it is used, where that is not curl; `{url}` in it is the integration's own. */
  readonly command?: string;
  /** The vendor's page on how the key is sent. */
  readonly documentation: string;
  /** Other hosts, and what else is worth knowing before it is used. */
  readonly note?: string;
}
