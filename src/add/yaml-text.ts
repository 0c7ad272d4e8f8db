import { Scalar } from 'yaml';
import { isNoTextForEnvoy } from '../integrations/yaml-values.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';

/** A text as a YAML scalar: plain where no reader of YAML can take it for anything else, otherwise in double quotes. */
export function scalar(text: string): string {
  const node = new Scalar(text);
  node.type = 'PLAIN';
  node.source = text;
  const plain = /^[a-z](?:[a-z0-9./_:@+=-]*[a-z0-9/_])?$/i.test(text) && !isNoTextForEnvoy(node);
  return plain ? text : JSON.stringify(text);
}

/** The lines of a credential, each a key of a block: `bearer: "{{ api_key }}"`. */
export function credentialLines({ bearer, basic, headers }: CredentialBlock): string[] {
  return [
    ...(bearer === undefined ? [] : [`bearer: ${JSON.stringify(bearer)}`]),
    ...(basic === undefined ? [] : [`basic: ${flowMap(basic)}`]),
    ...(headers === undefined ? [] : [`headers: ${flowMap(headers)}`]),
  ];
}

function flowMap(fields: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${scalar(key)}: ${JSON.stringify(value)}`);
  return `{ ${pairs.join(', ')} }`;
}
