import type { Template } from './template.ts';

/** What stands for a reference where a template is looked at: no template holds it. */
const REFERENCE = '\0';

const SCHEME = '(bearer|basic|token)';

/** What nobody means in the value of a header, with the mend: the name of the header that it stands for, then the value. */
const FAULTS: readonly {
  readonly header: RegExp;
  readonly value: RegExp;
  readonly message: string;
  readonly mend: string;
}[] = [
  {
    header: /./,
    value: new RegExp(`^${SCHEME} +${SCHEME} `, 'i'),
    message: 'has two words for a scheme, such as Bearer, before the key',
    mend: 'keep the one that the API expects',
  },
  {
    header: /authorization$/,
    value: /^(proxy-)?authorization /i,
    message: 'repeats the name of a header in its value',
    mend: 'write for example { authorization: "Token {{ api_key }}" }',
  },
  {
    header: /authorization$/,
    value: new RegExp(`^(bearer|basic)[:${REFERENCE}]`, 'i'),
    message: 'has no blank between the scheme and the key',
    mend: 'write for example { authorization: "Token {{ api_key }}" }',
  },
  {
    header: /authorization$/,
    value: new RegExp(`^basic +${REFERENCE}?[^${REFERENCE}]*:`, 'i'),
    message: 'has a user and a password that are not in base64',
    mend: 'write basic: { username: "{{ user }}", password: "{{ password }}" } instead of this header',
  },
];

/** What is wrong with the words around the references in the value of a header; undefined when nothing is. */
export function schemeFault(
  header: string,
  value: Template,
): { readonly message: string; readonly mend: string } | undefined {
  const text = value.fill(REFERENCE);
  return FAULTS.find((fault) => fault.header.test(header) && fault.value.test(text));
}
