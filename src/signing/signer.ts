import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from './sha256.ts';
import type { SigningKeyParts } from './signing-key.ts';

/**
 * The signer of AWS's SDK, except that it is given the canonical query. Its own copies all parameters once for each of them,
 * which for a query of 60 KB is seconds on end, and it loses one of the name `__proto__`.
 */
export class Signer extends SignatureV4 {
  readonly #query: string;

  /**
   * @param scope.uriEscapePath whether the path is encoded once more.
   * @param query the canonical query; the request that is signed must have none.
   */
  constructor(
    scope: { readonly service: string; readonly region: string; readonly uriEscapePath: boolean },
    credentials: SigningKeyParts,
    query: string,
  ) {
    super({ ...scope, credentials, sha256: Sha256 });
    this.#query = query;
  }

  /** The query is the third line: neither a method nor a canonical path has a line break. */
  protected override createCanonicalRequest(...request: Parameters<SignatureV4['createCanonicalRequest']>): string {
    const [method = '', path = '', , ...others] = super.createCanonicalRequest(...request).split('\n');
    return [method, path, this.#query, ...others].join('\n');
  }
}
