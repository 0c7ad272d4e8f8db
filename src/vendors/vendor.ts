/** How a key is sent, as a route of envoy.yaml says it: one or more kinds of credential. */
export interface CredentialBlock {
  readonly bearer?: string;
  readonly basic?: { readonly username?: string; readonly password?: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a client library of the vendor is pointed at another URL. The path is what it expects behind the host. */
export type Sdk =
  | { readonly variable: string; readonly path: string }
  | { readonly library: string; readonly option: string; readonly path: string };

/** A well-known API: what a route to it needs, and what a program needs to use the route. */
export interface Vendor {
  /** As in `attache add stripe`. */
  readonly name: string;
  /** The host of its API. */
  readonly host: string;
  readonly credential: CredentialBlock;
  /** Only where a client library of the vendor really reads it. */
  readonly sdk?: Sdk;
  /** The vendor's page on how the key is sent. */
  readonly documentation: string;
  /** Other hosts, and what else is worth knowing before it is used. */
  readonly note?: string;
}
