import { awsSigv4 } from './aws-sigv4.ts';
import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { githubApp } from './github-app.ts';
import { googleServiceAccount } from './google-service-account.ts';
import { headers } from './headers.ts';
import type { CredentialKind } from './kind.ts';
import { oauth2 } from './oauth2.ts';
import { path } from './path.ts';
import { query } from './query.ts';

/** Every kind of credential that a route may ask for. */
export const KINDS: readonly CredentialKind[] = [
  bearer,
  basic,
  headers,
  query,
  path,
  githubApp,
  oauth2,
  googleServiceAccount,
  awsSigv4,
];
