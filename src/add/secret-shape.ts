import type { CredentialBlock } from '../vendors/vendor.ts';
import { credentialsIn } from './credentials-in.ts';

/** What the secret must hold so that these credentials find what they need, in the form in which it is stored. */
export function secretShape(credential: CredentialBlock): string {
  const shape = shapeOf(credential);
  if (Object.keys(shape).length === 0) return 'the key itself, no JSON';
  return JSON.stringify(shape).replaceAll('":', '": ').replaceAll(',"', ', "');
}

/** The same as data; no fields for the key itself. */
export function shapeOf(credential: CredentialBlock): Shape {
  const credentials = credentialsIn(credential);
  const references = credentials.flatMap(({ templates }) => templates.flatMap((template) => template.references));
  const fields = references.filter((reference) => reference !== '.');
  const shape: Shape = Object.assign({}, ...credentials.map((it) => it.shape));
  for (const field of fields) put(shape, pathOf(field));
  return shape;
}

/** A JSON object: what is to be filled in has an example, or an ellipsis. */
export interface Shape {
  [field: string]: Shape | string;
}

function pathOf(reference: string): string[] {
  if (!reference.startsWith('/')) return [reference];
  return reference
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function put(shape: Shape, [field = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) {
    shape[field] ??= '…';
    return;
  }
  const known = shape[field];
  const inner: Shape = typeof known === 'object' ? known : {};
  shape[field] = inner;
  put(inner, rest);
}
