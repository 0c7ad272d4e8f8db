import { jsonFault, parseSecretJson } from '../secrets/secret-json.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { CredentialError } from './credential-error.ts';
import { secretText } from './secret-text.ts';

/** A template that cannot be read: the message gives the reason, `mend` what to write instead. */
export class TemplateError extends Error {
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.name = 'TemplateError';
    this.mend = mend;
  }
}

/** A piece of a template: text that stands as it is, or a reference into the secret as a path of keys (empty: the whole). */
type Piece = { readonly text: string } | { readonly path: readonly string[]; readonly reference: string };

/**
 * Text with references into a secret: `{{ api_key }}` is a field of a JSON secret, `{{ /a/b }}` a JSON pointer (RFC 6901)
 * into it, `{{ . }}` the whole secret as it is.
 */
export class Template {
  readonly #pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** @throws TemplateError */
  static parse(text: string): Template {
    const pieces: Piece[] = text.split(/(\{\{.*?\}\})/).map((part) => {
      if (part.startsWith('{{') && part.endsWith('}}')) {
        const reference = part.slice(2, -2).trim();
        return { path: pathOf(reference), reference };
      }
      if (part.includes('{{') || part.includes('}}')) {
        throw new TemplateError(
          `"${text}" opens or closes braces that have no partner`,
          'write each reference as {{ field }}',
        );
      }
      if (!/^[\x20-\x7e]*$/.test(part)) {
        throw new TemplateError(
          `"${text}" has a character that no header may hold`,
          'use printable ASCII outside the braces',
        );
      }
      return { text: part };
    });
    return new Template(pieces.filter((piece) => !('text' in piece && piece.text === '')));
  }

  /** The references as they are written, without their braces. Empty for a template that is plain text. */
  get references(): readonly string[] {
    return this.#pieces.flatMap((piece) => ('reference' in piece ? [piece.reference] : []));
  }

  /**
   * The text with each reference replaced by what stands in the secret.
   *
   * @param secretId names the secret in errors.
   * @param encode what is done to each text from the secret; default nothing.
   * @throws CredentialError when something is missing, is no text or cannot stand in a header.
   */
  render(secretId: string, secret: SecretVersion, encode: (text: string) => string = (text) => text): string {
    return this.#pieces
      .map((piece, index) => {
        if ('text' in piece) return piece.text;
        const value = lookUp(piece, secretId, secret);
        const before = this.#pieces[index - 1];
        if (before !== undefined && 'text' in before) refuseRepeated(before.text, value, secretId);
        return encode(value);
      })
      .join('');
  }

  /**
   * What stands in the secret for each reference.
   *
   * @throws CredentialError as {@link render} does.
   */
  values(secretId: string, secret: SecretVersion): readonly string[] {
    return this.#pieces.flatMap((piece) => ('text' in piece ? [] : [lookUp(piece, secretId, secret)]));
  }

  /** The text with each reference replaced by the same text, to judge what stands around them. */
  fill(text: string): string {
    return this.#pieces.map((piece) => ('text' in piece ? piece.text : text)).join('');
  }
}

function pathOf(reference: string): readonly string[] {
  if (reference === '.') return [];
  if (reference.startsWith('/')) {
    if (/~(?![01])/.test(reference)) {
      throw new TemplateError(
        `{{ ${reference} }} is no JSON pointer`,
        'write ~ as ~0 and / inside a name as ~1 (RFC 6901)',
      );
    }
    return reference
      .slice(1)
      .split('/')
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  if (!/^[\w.-]+$/.test(reference)) {
    throw new TemplateError(
      reference === '' ? '{{ }} names nothing' : `{{ ${reference} }} is no field name`,
      'write {{ field }}, {{ /json/pointer }} or {{ . }} for the whole secret',
    );
  }
  return [reference];
}

function lookUp(
  piece: { path: readonly string[]; reference: string },
  secretId: string,
  secret: SecretVersion,
): string {
  const where = `secret ${secretId} (version ${secret.shortId})`;
  if (piece.path.length === 0) return secretText(secret.reveal(), where);
  let value = parseJson(secret.reveal(), where, piece.reference);
  for (const key of piece.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
      throw new CredentialError(
        `${where} has no field {{ ${piece.reference} }}; add the field to the secret or change the template`,
      );
    }
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value !== 'string') {
    throw new CredentialError(`${where}: the field {{ ${piece.reference} }} is no text; store it as a JSON string`);
  }
  return secretText(value, `${where}: the field {{ ${piece.reference} }}`);
}

/**
 * Refuses a value that begins with the word before it, as `Bearer` or `Token`.
 *
 * @throws CredentialError
 */
export function refuseRepeated(before: string, value: string, secretId: string): void {
  const word = /([a-z][\w-]*) $/i.exec(before)?.[1];
  if (word === undefined || !value.toLowerCase().startsWith(`${word.toLowerCase()} `)) return;
  throw new CredentialError(
    `secret ${secretId} holds the word ${word} before the key, which is added to it anyway; store the key alone`,
  );
}

function parseJson(text: string, where: string, reference: string): unknown {
  const value = parseSecretJson(text);
  if (typeof value === 'object' && value !== null) return value;
  const fault = jsonFault(text);
  throw new CredentialError(
    fault === undefined
      ? `${where} is not JSON, so it has no field {{ ${reference} }}; store JSON or write {{ . }} for the whole secret`
      : `${where} is not JSON, so it has no field {{ ${reference} }}: it ${fault}`,
  );
}
