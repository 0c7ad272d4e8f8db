import { KINDS } from '../credentials/kinds.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';

/** What the secret must hold so that these credentials find what they refer to, in the form in which it is stored. */
export function secretShape(credential: CredentialBlock): string {
  const references = Object.entries(credential).flatMap(([key, value]) => {
    const parsed = KINDS.find((kind) => kind.key === key)?.schema.safeParse(value);
    return parsed?.success === true ? parsed.data.templates.flatMap((template) => template.references) : [];
  });
  const fields = references.filter((reference) => reference !== '.');
  if (fields.length === 0) return 'the key itself, no JSON';
  const shape: Shape = {};
  for (const field of fields) put(shape, pathOf(field));
  return JSON.stringify(shape).replaceAll('":', '": ').replaceAll(',"', ', "');
}

interface Shape {
  [field: string]: Shape | '…';
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
