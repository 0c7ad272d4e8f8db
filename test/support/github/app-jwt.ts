import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { Refusal } from './refusal.ts';
import type { App, Registry } from './registry.ts';

/** How far in the future a JWT may expire, in s. */
const LONGEST_LIFE = 600;

/** A JWT by which an app showed itself. */
export interface SeenJwt {
  readonly at: Date;
  /** Undefined when it could not be decoded. */
  readonly algorithm: string | undefined;
  readonly claims: JWTPayload | undefined;
  /** Why it was refused; undefined when it was taken. */
  readonly refused: string | undefined;
}

const undecodable = () => new Refusal(401, 'A JSON web token could not be decoded');

/**
 * Checks an app's JWT: RS256 by one of its keys, `iat` not in the future, `exp` in the future by at most ten minutes.
 *
 * @param now in ms since 1970
 * @throws Refusal 401; 404 when no app has this `iss`
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export async function verifyAppJwt(registry: Registry, jwt: string | undefined, now: number): Promise<App> {
  const { claims } = peek(jwt);
  if (jwt === undefined || claims === undefined) throw undecodable();
  const app = registry.app(claims.iss);
  if (app === undefined) throw new Refusal(404, 'Integration not found');
  await verifySignature(app, jwt);
  checkTimes(claims, now / 1000);
  return app;
}

/** What a JWT says of itself, believed or not. */
export function peek(jwt: string | undefined): Pick<SeenJwt, 'algorithm' | 'claims'> {
  try {
    return { algorithm: decodeProtectedHeader(jwt ?? '').alg, claims: decodeJwt(jwt ?? '') };
  } catch {
    return { algorithm: undefined, claims: undefined };
  }
}

async function verifySignature(app: App, jwt: string): Promise<void> {
  for (const key of app.publicKeys) {
    const verified = await compactVerify(jwt, key, { algorithms: ['RS256'] }).catch(() => undefined);
    if (verified !== undefined) return;
  }
  throw undecodable();
}

function checkTimes({ iat, exp }: JWTPayload, nowSeconds: number): void {
  if (!Number.isInteger(iat) || Number(iat) > nowSeconds) {
    throw new Refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (typeof exp !== 'number' || exp <= nowSeconds) {
    throw new Refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > nowSeconds + LONGEST_LIFE) {
    throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  }
}
