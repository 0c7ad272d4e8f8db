import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * What gives the right to edit: 256 random bits, made when the process starts and known to it alone. It is told by {@link url}, once.
 *
 * A browser sends it in a header, and no cookie is set: a cookie would go to every server on this machine, whatever its port, and with
 * forms of other sites. What a page keeps for itself is bound to its scheme, host and port.
 */
export class EditToken {
  readonly #text = randomBytes(32).toString('base64url');
  readonly #digest = digest(this.#text);

  /** The address to open. The token stands behind the hash, which browsers send to nobody. */
  url({ host, port }: { readonly host: string; readonly port: number }): string {
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/edit#token=${this.#text}`;
  }

  /**
   * Whether it is the one in an `authorization` header. Takes as long for a right as for a wrong one.
   *
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
   */
  isIn(authorization: string | undefined): boolean {
    const [, given = ''] = /^Bearer ([\w-]{1,128})$/.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(given), this.#digest);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
