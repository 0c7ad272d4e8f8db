import { z } from 'zod';
import { AddError } from '../add/add-error.ts';
import type { WantedOptions } from '../add/wanted.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';

/** How long a text of the form may be, and how many rules of one kind there may be. */
const text = z.string().max(2_048);
const rules = z.array(text).max(1_000).readonly();
const fields = z
  .array(z.strictObject({ name: text, value: text }))
  .max(50)
  .readonly();

/** How the key is sent. `catalogue` is as the API of the catalogue has it, `kept` as the file has it already. */
const send = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('catalogue') }),
  z.strictObject({ kind: z.literal('kept') }),
  z.strictObject({ kind: z.literal('bearer'), token: text }),
  z.strictObject({ kind: z.literal('basic'), username: text, password: text }),
  z.strictObject({ kind: z.literal('headers'), fields }),
  z.strictObject({ kind: z.literal('query'), fields }),
  z.strictObject({ kind: z.literal('path'), path: text }),
  z.strictObject({ kind: z.literal('aws_sigv4'), service: text, region: text }),
]);

/** What a person has typed, none of it judged. An empty text counts as none. It holds no key. */
export const FORM = z.strictObject({
  /** An API of the catalogue; empty for another, which `target` names. */
  api: text,
  target: text,
  region: text,
  name: text,
  send,
  secret: text,
  callers: rules,
  allow: rules,
  keep: rules,
  /** Null: what the catalogue says. */
  strip: rules.nullable(),
  redact: z.boolean(),
});

export type Form = z.output<typeof FORM>;
export type Send = Form['send'];

/** The credential as a block has it; undefined for what is not said here. */
export function credentialOfForm({ send }: Pick<Form, 'send'>): CredentialBlock | undefined {
  switch (send.kind) {
    case 'catalogue':
    case 'kept':
      return undefined;
    case 'bearer':
      return { bearer: send.token };
    case 'basic': {
      const { username, password } = send;
      return { basic: { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) } };
    }
    case 'headers':
      return { headers: record(send, (name) => name.toLowerCase()) };
    case 'query':
      return { query: record(send, (name) => name) };
    case 'path':
      return { path: send.path };
    case 'aws_sigv4': {
      const { service, region } = send;
      return { aws_sigv4: { service, region, ...(service === 's3' ? { payload: 'unsigned' } : {}) } };
    }
  }
}

/** The form as the options of `attache add`, with the name that stands before them. */
export function optionsOfForm(
  form: Form,
  kept?: CredentialBlock,
): { readonly entry: string; readonly options: WantedOptions } {
  const { api, target, region, name, secret, callers, allow, keep, strip, redact } = form;
  const credential = credentialOfForm(form) ?? (form.send.kind === 'kept' ? kept : undefined);
  if (api === '' && target === '') throw missing('target', 'name an API, or the URL of another');
  if (api === '' && name === '') throw missing('name', 'write a name of your choice');
  return {
    entry: api === '' ? name : api,
    options: {
      ...(api === '' ? { target } : {}),
      ...(region === '' ? {} : { region }),
      ...(name === '' ? {} : { name }),
      ...(secret === '' ? {} : { secret }),
      ...(credential === undefined ? {} : { credential }),
      ...(strip === null ? {} : { strip: filled(strip) }),
      caller: filled(callers),
      allow: filled(allow),
      keep: filled(keep),
      redact,
    },
  };
}

function missing(field: string, message: string): AddError {
  return new AddError(message, { field, message });
}

function filled(lines: readonly string[]): string[] {
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

/** @throws AddError for a name that is empty or stands there twice. */
function record(
  { kind, fields: rows }: Extract<Send, { fields: unknown }>,
  spelt: (name: string) => string,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, value } of rows) {
    const key = spelt(name.trim());
    if (key === '' || Object.hasOwn(found, key)) {
      const message = key === '' ? 'a name is missing' : `names ${key} twice; keep one of them`;
      throw new AddError(message, { field: kind, message });
    }
    found[key] = value;
  }
  return found;
}
