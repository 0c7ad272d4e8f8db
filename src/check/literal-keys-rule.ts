import { isScalar, type Node, type YAMLMap } from 'yaml';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { VENDORS } from '../vendors/vendors.ts';
import type { Configuration } from './configuration.ts';

/** Headers that hold a credential: those of the field, and those that an API of the catalogue wants. */
const CREDENTIAL_HEADERS = new Set([
  ...ALWAYS_STRIPPED,
  ...[...VENDORS.values()].flatMap(({ credential }) => Object.keys(credential.headers ?? {})),
]);
const CREDENTIAL_NAME = /(?:^|[-_])(?:(?:api|access|auth|secret)[-_]?key|apikey|token|secret|password|passwd)$/i;

/** Beginnings that issuers give to their keys, schemes that a key follows, and tokens in JSON. */
const LOOKS_LIKE_A_KEY =
  /^(?:Bearer|Basic|Token|ApiKey|Key)\s+\S{6,}|^(?:sk|rk|pk)[-_][A-Za-z0-9_-]{12,}|^(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|hf_|npm_|SG\.|shpat_|dop_v1_|whsec_|r8_|xai-|gsk_|pplx-)\S{8,}|^(?:AKIA|ASIA)[A-Z0-9]{12,}|^AIza[\w-]{30,}|^eyJ[\w-]{8,}\.[\w-]+\./;

/** What another program fills in before Envoy reads it, and what Envoy itself fills in. */
const FILLED_IN = /\$\{|\{\{|\$\(|^\$[A-Z_]+$|^<.*>$|%[A-Z_]+(?:\(|%)/;

/** Lists of headers that Envoy adds to what it sends. */
const HEADER_LISTS = ['request_headers_to_add', 'headers_to_add', 'initial_metadata'];

/** Fields that hold a secret when they hold their text themselves. */
const SECRET_SOURCES = ['secret', 'password', 'token_secret', 'hmac_secret', 'client_secret', 'private_key'];

const MEND =
  'keep it in AWS Secrets Manager, let Attaché add it (attache init, then attache add NAME), take it out here, and have its issuer replace it, since files are copied';

/** Keys that stand in the file itself. Where they stand is said, and never what they are. */
export function* checkLiteralKeys(configuration: Configuration): Generator<Problem> {
  const { source, maps } = configuration;
  for (const map of maps) {
    for (const { header, name, value } of addedHeaders(configuration, map)) {
      if (!isLiteralKey(name, textOf(value) ?? '')) continue;
      yield* leaving(configuration, map, header, name);
    }
    for (const field of SECRET_SOURCES) {
      const from = source.get(map, field);
      const inline = ['inline_string', 'inline_bytes'].find((kind) => isWritten(source.get(from, kind)));
      if (inline === undefined) continue;
      yield field === 'private_key'
        ? source.warning(
            source.key(from, inline),
            'a private key stands in this file, so everybody who may read the file has it',
            'name a file that Envoy alone may read (filename), and replace the key',
          )
        : source.warning(source.key(from, inline), says(field.replaceAll('_', ' ')), MEND);
    }
    const own = source.key(map, 'secret_access_key');
    if (own !== undefined && isWritten(source.get(map, 'secret_access_key')))
      yield source.warning(own, says('secret_access_key'), MEND);
    if (isA(source, map, 'Lua')) yield* scripts(configuration, map);
  }
}

function says(name: string): string {
  return `${name} is written out here, so everybody who may read this file has it`;
}

function isWritten(node: Node | undefined): boolean {
  const text = textOf(node) ?? '';
  return text.trim() !== '' && !FILLED_IN.test(text);
}

/** Whether a header is given a credential as it is. */
function isLiteralKey(name: string, value: string): boolean {
  if (value.trim().length < 6 || FILLED_IN.test(value)) return false;
  return CREDENTIAL_HEADERS.has(name.toLowerCase()) || CREDENTIAL_NAME.test(name) || LOOKS_LIKE_A_KEY.test(value);
}

function addedHeaders(
  { source }: Configuration,
  map: YAMLMap,
): { readonly header: Node; readonly name: string; readonly value: Node | undefined }[] {
  const listed = HEADER_LISTS.flatMap((field) => source.items(source.get(map, field)));
  const mutated = source.items(source.get(map, 'request_mutations')).map((mutation) => source.get(mutation, 'append'));
  return [...listed, ...mutated].flatMap((option) => {
    const header = source.get(option, 'header') ?? source.follow(option);
    const name = textOf(source.get(header, 'key'));
    if (header === undefined || name === undefined) return [];
    return [{ header, name, value: source.get(header, 'value') ?? source.get(header, 'raw_value') }];
  });
}

/** A header of all routes goes to the destinations of integrations too, unless Attaché takes it away. */
function* leaving(
  { source, routes, catalogue }: Configuration,
  map: YAMLMap,
  header: Node,
  name: string,
): Generator<Problem> {
  const exposed = routes
    .filter(({ routeConfig }) => routeConfig === map)
    .map(({ block }) => catalogue.get(textOf(source.get(block?.value, 'integration')) ?? ''))
    .find((integration) => integration !== undefined && !integration.mutates.includes(name.toLowerCase()));
  const at = source.key(header, 'value') ?? header;
  if (exposed !== undefined)
    yield source.error(
      at,
      `${name} is written out here for all routes, so the destination of integration ${exposed.name} gets it too`,
      'move it to the route that it is for, or have Attaché add it there and take it out here',
    );
  else yield source.warning(at, says(name), MEND);
}

/** How a script names a header and what it is set to; in a call, or in a table. */
const SET_IN_LUA =
  /:(?:add|replace)\(\s*["']([^"']+)["']\s*,\s*["']([^"']*)["']|\[\s*["']([^"']+)["']\s*\]\s*=\s*["']([^"']*)["']/g;
const TEXT_IN_LUA = /["']([^"']+)["']/g;

function* scripts({ source }: Configuration, map: YAMLMap): Generator<Problem> {
  const nodes = [
    source.get(map, 'inline_code'),
    source.get(map, 'default_source_code', 'inline_string'),
    ...source.pairs(source.get(map, 'source_codes')).map(({ value }) => source.get(value, 'inline_string')),
  ];
  for (const node of nodes) {
    if (!isScalar(node)) continue;
    for (const [index, line] of (textOf(node) ?? '').split('\n').entries()) {
      const name = nameIn(line);
      if (name === undefined) continue;
      const problem = source.warning(node, `the script sets ${name}, and its key is written out here`, MEND);
      yield node.type === 'BLOCK_LITERAL' ? { ...problem, line: problem.line + 1 + index, column: 1 } : problem;
    }
  }
}

/** The header that a line of Lua sets to a literal key; `a header` where it is not named there. */
function nameIn(line: string): string | undefined {
  for (const [, called = '', given = '', field = '', value = ''] of line.matchAll(SET_IN_LUA))
    if (isLiteralKey(called || field, given || value)) return called || field;
  for (const [, text = ''] of line.matchAll(TEXT_IN_LUA)) if (LOOKS_LIKE_A_KEY.test(text)) return 'a header';
  return undefined;
}
