import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { headers } from './headers.ts';
import type { CredentialKind } from './kind.ts';

/** Every kind of credential that a route may ask for. */
export const KINDS: readonly CredentialKind[] = [bearer, basic, headers];
