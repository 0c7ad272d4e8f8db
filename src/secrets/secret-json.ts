import { withoutByteOrderMark } from './control-characters.ts';

/** What of a number `JSON.parse` tells beside its value. */
interface Source {
  readonly source?: string;
}

/**
 * The value of a secret in JSON, perhaps behind a byte order mark. Numbers are the text that stands there, digit by digit: read as
 * numbers, long ones would come out rounded.
 *
 * @returns undefined when it is no JSON; then {@link jsonFault} says why.
 */
export function parseSecretJson(text: string): unknown {
  const withSource = (_: string, value: unknown, { source }: Source) =>
    typeof value === 'number' ? (source ?? String(value)) : value;
  try {
    return JSON.parse(withoutByteOrderMark(text), withSource as Parameters<typeof JSON.parse>[1]);
  } catch {
    // The parser's own message quotes the text, which is the secret.
    return undefined;
  }
}

/**
 * A JSON object with members set, or taken away where their value is undefined. Everything else keeps its place and its value, and
 * numbers their digits.
 *
 * @param text a JSON object, perhaps behind a byte order mark.
 * @throws SyntaxError when it is none.
 */
export function withMembers(text: string, members: Readonly<Record<string, string | undefined>>): string {
  const asWritten = (_: string, value: unknown, { source }: Source) =>
    typeof value === 'number' && source !== undefined ? rawJSON(source) : value;
  const object = JSON.parse(withoutByteOrderMark(text), asWritten as Parameters<typeof JSON.parse>[1]) as object;
  return JSON.stringify({ ...object, ...members });
}

/** Stands for the text itself when it is written as JSON. TypeScript does not know it yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** How a text that was to be a JSON object has come to be none, where that can be told. Never quotes it. */
const FAULTS = [
  [/\0/, 'holds zero bytes, as UTF-16 has them; store it in UTF-8 (in PowerShell: -Encoding utf8NoBOM)'],
  [
    /^\s*\{\s*\\+"/,
    'has a backslash before each quote; store the object itself, as a shell or jsonencode had it before',
  ],
  [
    /^\s*["'`]\s*\{/,
    'is an object in quotes, encoded twice; store the object itself (one jsonencode of Terraform is enough)',
  ],
  [/^\s*\{\s*[\u2018-\u201f\u00ab\u00bb]/, 'has typographic quotes, which an editor made of plain ones; write "'],
  [/^\s*\{\s*'/, 'has single quotes, as Python prints an object; write "'],
  [/^\s*```/, 'stands in a block of Markdown; store the object itself'],
  [/^\s*\{.*,\s*\}\s*$/s, 'has a comma behind its last field; take it away'],
  [/^\s*\{.*-----BEGIN [A-Z ]+-----\r?\n/s, 'has line breaks inside of a text; write each as \\n, as jq -Rs does'],
  [/^\s*\{\s*[A-Za-z_]\w*\s*[:=]/, 'has names without quotes; write "name": "value"'],
] as const;

/** Why a text is no JSON object, with the mend, if it was meant to be one: follows the name of the secret. */
export function jsonFault(text: string): string | undefined {
  return FAULTS.find(([found]) => found.test(text))?.[1];
}
