import { type Context, errors } from 'oidc-provider';

/** A protected resource (RFC 8707): for whom a token is good. */
export interface Resource {
  /** `aud` of its tokens; the resource's own URL unless given. */
  readonly audience?: string;
  /** The scopes that it knows; `read` and `write` unless given. */
  readonly scopes?: readonly string[];
  /** What its access tokens look like; opaque unless given. */
  readonly format?: 'opaque' | 'jwt';
  /** Seconds that its access tokens live; the server's own life unless given. */
  readonly lifeSeconds?: number;
}

/** Resources by their URL. */
export type Resources = Readonly<Record<string, Resource>>;

/** The scopes of a resource that names none, and of the server itself. */
export const defaultScopes: readonly string[] = ['read', 'write'];

/**
 * How oidc-provider handles them: `resource` of a request names one; so does `audience`, as with Auth0; a request with
 * neither gets a token without audience.
 */
export function resourceIndicators(resources: Resources): object {
  return {
    enabled: true,
    defaultResource: (ctx: Context, _client: unknown, oneOf?: readonly string[]) => oneOf ?? ctx.oidc.body?.audience,
    useGrantedResource: () => true,
    getResourceServerInfo: (_ctx: unknown, url: string) => {
      const resource = resources[url];
      if (resource === undefined) throw new errors.InvalidTarget();
      return {
        scope: (resource.scopes ?? defaultScopes).join(' '),
        audience: resource.audience ?? url,
        accessTokenFormat: resource.format ?? 'opaque',
        ...(resource.lifeSeconds === undefined ? {} : { accessTokenTTL: resource.lifeSeconds }),
      };
    },
  };
}
