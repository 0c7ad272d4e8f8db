/** What the authorization server of the tests uses of oidc-provider 9, which brings no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** Where a model keeps its payloads. */
  export interface Adapter {
    upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<void>;
    find(id: string): Promise<Record<string, unknown> | undefined>;
    findByUid(uid: string): Promise<Record<string, unknown> | undefined>;
    findByUserCode(userCode: string): Promise<Record<string, unknown> | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Client {
    readonly clientId: string;
  }

  export interface Token {
    readonly jti: string;
    readonly clientId: string;
    readonly scope?: string;
    readonly aud?: string | string[];
    readonly exp: number;
    readonly grantId?: string;
    readonly isValid: boolean;
    readonly resourceServer?: { readonly accessTokenTTL?: number };
    save(): Promise<string>;
    destroy(): Promise<void>;
  }

  export interface Grant extends Token {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }

  interface Model<T> {
    new (properties: object): T;
    find(id: string): Promise<T | undefined>;
  }

  /** The part of a request's context that the configuration below looks at. */
  export interface Context {
    readonly req: IncomingMessage;
    readonly oidc: {
      readonly body?: Readonly<Record<string, string | string[]>>;
      readonly params?: Readonly<Record<string, string | undefined>>;
      readonly client?: Client;
    };
    body: unknown;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly issuer: string;
    /** Koa's: no error goes to the console. */
    silent: boolean;
    callback(): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
    on(event: string, listener: (token: Token) => void): this;
    /** @param parameters what it reads besides `grant_type`. */
    registerGrantType(name: string, handler: (context: Context) => Promise<void>, parameters: readonly string[]): void;
    readonly Client: Model<Client>;
    readonly Grant: Model<Grant>;
    readonly AccessToken: Model<Token>;
    readonly ClientCredentials: Model<Token>;
    readonly RefreshToken: Model<Token>;
  }

  export const errors: {
    readonly InvalidTarget: new () => Error;
    readonly InvalidGrant: new (detail: string) => Error;
  };
}
