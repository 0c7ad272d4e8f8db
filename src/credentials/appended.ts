import type { HeaderField } from './injection.ts';
import type { RequestToInject } from './kind.ts';

/** What is added to a list that the caller may send in a header of its own. */
export interface Appended {
  /** In lower case. */
  readonly name: string;
  /** One item or several, with commas between them. */
  readonly value: string;
}

/**
 * The header with the caller's list and, behind it, what is to be added, as far as it is not in the list already: an earlier
 * attempt may have added it, or the caller itself.
 *
 * A header that Envoy does not show may be there all the same, so Envoy is told to add a line of its own, which means the same.
 *
 * @returns undefined when the request has all of it.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.3
 */
export function appendedField({ name, value }: Appended, request: RequestToInject): HeaderField | undefined {
  const lines = request.headers().flatMap(([key, text]) => (key === name ? [text.trim()] : []));
  if (lines.length === 0)
    return request.wasInjected() ? undefined : { name, value: Buffer.from(value, 'latin1'), append: true };
  const list = lines.filter((text) => text !== '').join(', ');
  const { items, isOpen } = itemsOf(list);
  const missing = itemsOf(value).items.filter((item) => !items.includes(item));
  if (missing.length === 0) return undefined;
  // Behind a quote that nobody closes it would be a part of the caller's text.
  const parts = isOpen ? [...missing, list] : [list, ...missing];
  return { name, value: Buffer.from(parts.filter((part) => part !== '').join(', '), 'latin1') };
}

/**
 * The items of a list, in which a comma inside of quotes is text.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1
 */
export function itemsOf(list: string): { readonly items: readonly string[]; readonly isOpen: boolean } {
  const items: string[] = [];
  let from = 0;
  let isOpen = false;
  for (let at = 0; at <= list.length; at += 1) {
    const character = list[at];
    if (character === '"') isOpen = !isOpen;
    else if (isOpen && character === '\\') at += 1;
    else if (at === list.length || (character === ',' && !isOpen)) {
      const item = list.slice(from, at).trim();
      if (item !== '') items.push(item);
      from = at + 1;
    }
  }
  return { items, isOpen };
}
