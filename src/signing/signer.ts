import { SignatureV4 } from '@smithy/signature-v4';
import { SignatureV4a } from '@smithy/signature-v4a';
import { Sha256 } from './sha256.ts';
import type { SigningKeyParts } from './signing-key.ts';

/** For what a signature counts, and whether the path is encoded once more for it. */
interface Scope {
  readonly service: string;
  readonly region: string;
  readonly uriEscapePath: boolean;
}

/**
 * The signer of AWS's SDK, except that it is given the canonical query. Its own copies all parameters once for each of them,
 * which for a query of 60 KB is seconds on end, and it loses one of the name `__proto__`.
 */
export class Signer extends SignatureV4 {
  readonly #query: string;

  /** @param query the canonical query; the request that is signed must have none. */
  constructor(scope: Scope, credentials: SigningKeyParts, query: string) {
    super({ ...scope, credentials, sha256: Sha256 });
    this.#query = query;
  }

  protected override createCanonicalRequest(...request: Parameters<SignatureV4['createCanonicalRequest']>): string {
    return withQuery(super.createCanonicalRequest(...request), this.#query);
  }
}

/** The same for Version 4A, whose signature counts in several Regions: it is made with a key for ECDSA that comes of the secret one. */
export class MultiRegionSigner extends SignatureV4a {
  readonly #query: string;

  constructor(scope: Scope, credentials: SigningKeyParts, query: string) {
    super({ ...scope, credentials, sha256: Sha256 });
    this.#query = query;
  }

  protected override createCanonicalRequest(...request: Parameters<SignatureV4['createCanonicalRequest']>): string {
    return withQuery(super.createCanonicalRequest(...request), this.#query);
  }
}

/** The query is the third line: neither a method nor a canonical path has a line break. */
function withQuery(canonicalRequest: string, query: string): string {
  const [method = '', path = '', , ...others] = canonicalRequest.split('\n');
  return [method, path, query, ...others].join('\n');
}
