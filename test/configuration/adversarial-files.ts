/** Texts that a careless reader of YAML takes long over, or much memory for, each of about so many characters. */
export const ADVERSARIAL: Readonly<Record<string, (size: number) => string>> = {
  'a billion laughs, nine levels of nine': () => laughs('static_resources: { clusters: *x9 }'),
  'a billion laughs where routes stand': () => laughs('virtual_hosts: [{ routes: *x9 }, *x9]'),
  'a billion laughs where integrations stand': () => laughs('integrations: *x9'),
  'a billion laughs in maps': () =>
    laughs('static_resources: *x9', (items) => `{ ${items.map((it, at) => `k${at}: ${it}`).join(', ')} }`),
  'a chain of aliases': (size) =>
    `${times(size / 20, (at) => `x${at}: &x${at} [${at === 0 ? 'a' : `*x${at - 1}`}]\n`)}static_resources: {}\n`,
  'many aliases of a large node': (size) =>
    `static_resources: {}\nx: &x [${'a,'.repeat(size / 4)}a]\ny: [${'*x,'.repeat(size / 6)}*x]\n`,
  'many anchors': (size) => `static_resources:\n${times(size / 16, (at) => `- &a${at} b\n`)}`,
  'deep flow sequences': (size) => `static_resources: ${'['.repeat(size)}`,
  'deep flow sequences that are closed': (size) => `static_resources: ${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
  'deep flow maps': (size) => `static_resources: ${'{a: '.repeat(size / 4)}`,
  'deep block sequences': (size) => `static_resources:\n${'- '.repeat(size / 2)}a`,
  'deep block maps': (size) => times(Math.sqrt(size), (at) => `${' '.repeat(at)}static_resources:\n`),
  'deep explicit keys': (size) => '? '.repeat(size / 2),
  'deep flow keys': (size) => `${'{'.repeat(size / 2)}a${'}: b'.repeat(size / 8)}`,
  'a long sequence': (size) => `static_resources: [${'a,'.repeat(size / 2)}a]`,
  'a long block sequence': (size) => `static_resources:\n${'- a\n'.repeat(size / 4)}`,
  'many keys': (size) => `static_resources: {}\n${times(size / 12, (at) => `key${at}: a\n`)}`,
  'many keys in a block': (size) => `${block(times(size / 14, (at) => `  key${at}: a\n`))}`,
  'one key many times': (size) => `static_resources: {}\n${'a: b\n'.repeat(size / 5)}`,
  'merge keys': (size) => `static_resources: {}\nx: &x { a: b }\ny:\n${'  <<: *x\n'.repeat(size / 9)}`,
  'a giant plain text': (size) => `static_resources: ${'a'.repeat(size)}`,
  'a giant text of blanks and letters': (size) => `static_resources: a${' a'.repeat(size / 2)}`,
  'a giant text of blanks': (size) => `static_resources: "${' '.repeat(size)}"`,
  'a giant text of many lines': (size) => `static_resources: "${'a  \n\n'.repeat(size / 5)}"`,
  'a giant plain text of many lines': (size) => `static_resources: ${'a\n  '.repeat(size / 4)}`,
  'a giant text of escapes': (size) => `static_resources: "${'\\n'.repeat(size / 2)}"`,
  'a giant block text': (size) => `static_resources: |\n${'  a\n'.repeat(size / 4)}`,
  'a folded text of indented lines': (size) => `static_resources: >\n${'  a\n\n   b\n'.repeat(size / 10)}`,
  'a text that never ends': (size) => `static_resources: "${'a\n'.repeat(size / 2)}`,
  'a giant number': (size) => `static_resources: ${'1'.repeat(size)}`,
  'a giant number of a strange kind': (size) => `static_resources: ${'1_'.repeat(size / 2)}e`,
  'a giant comment': (size) => `static_resources: {} #${'a'.repeat(size)}`,
  'many comments': (size) => `${'# a\n'.repeat(size / 4)}static_resources: {}`,
  'many comments in a flow': (size) => `static_resources: [${'a, # b\n '.repeat(size / 8)}]`,
  'many empty lines': (size) => `${'\n'.repeat(size)}static_resources: {}`,
  'many documents': (size) => `static_resources: {}\n${'---\na\n'.repeat(size / 6)}`,
  'many directives': (size) => `${'%TAG !a! b\n'.repeat(size / 11)}---\nstatic_resources: {}`,
  'many tags': (size) => `static_resources:\n${'- !<a> b\n'.repeat(size / 9)}`,
  'many errors': (size) => `static_resources:\n${'- ]\n'.repeat(size / 4)}`,
  'many tabs': (size) => `static_resources:\n${'\ta: b\n'.repeat(size / 6)}`,
  'a giant name of an integration': (size) => block('', 'a'.repeat(size)),
  'a giant key of a block': (size) => block(`  ${'a'.repeat(size)}: b\n`),
  'a template of braces that open': (size) => block('', 'api', '{{'.repeat(size / 2)),
  'a template of many references': (size) => block('', 'api', '{{ a }}'.repeat(size / 7)),
  'a giant host': (size) => block('', 'api', '{{ . }}', 'a-'.repeat(size / 2)),
  'a giant host of dots': (size) => block('', 'api', '{{ . }}', 'a.'.repeat(size / 2)),
  'many callers': (size) => block(`  callers: [${times(size / 12, (at) => `10.${at >> 8}.${at % 256}.1, `)}]\n`),
  'callers that are none': (size) => block(`  callers: [${'a, '.repeat(size / 3)}]\n`),
  'many tagged networks that are the same': (size) => `tags: { a: [${'10.0.0.1, '.repeat(size / 10)}] }\n${block('')}`,
  'many rules': (size) => block(`  allow: [${'"GET /a/*/**", '.repeat(size / 15)}]\n`),
  'many integrations of one name': (size) =>
    `integrations:\n${'- { integration: a, host: a.example, secret: a, bearer: "{{ . }}" }\n'.repeat(size / 66)}`,
  'many integrations that are misspelt': (size) =>
    `integrations:\n${times(size / 66, (at) => `- { integration: a${at}, hots: a.example, secrte: a, baerer: "{{ . }}" }\n`)}`,
  'many references to nothing': (size) =>
    `virtual_hosts:\n- domains: [a]\n  routes:\n${times(size / 130, (at) => `  - { route: { host_rewrite_literal: a.example, cluster: b }, metadata: { filter_metadata: { attache: { integration: abcdefghij${at} } } } }\n`)}`,
  'many domains before many routes': (size) =>
    `virtual_hosts:\n- domains: [${times(size / 20, (at) => `a${at}.int, `)}]\n  routes:\n${times(size / 260, (at) => `  - { route: { host_rewrite_literal: a.example, cluster: b }, metadata: { filter_metadata: { attache: { integration: a${at}, secret: a, bearer: "{{ . }}" } } } }\n`)}`,
  'control characters': (size) => `static_resources: ${'\u0002\u001f\u0018'.repeat(size / 3)}`,
  'NUL bytes': (size) => `static_resources: ${'\0'.repeat(size)}`,
};

function times(count: number, line: (at: number) => string): string {
  return Array.from({ length: Math.floor(count) }, (_, at) => line(at)).join('');
}

function laughs(end: string, of = (items: readonly string[]) => `[${items.join(', ')}]`): string {
  const level = (at: number) =>
    `x${at}: &x${at} ${of(Array.from({ length: 9 }, () => (at === 0 ? 'lol' : `*x${at - 1}`)))}\n`;
  return `${times(10, level)}${end}\n`;
}

function block(lines: string, name = 'api', template = '{{ . }}', host = 'a.example'): string {
  return `integrations:\n- integration: ${name}\n  host: ${host}\n  secret: a\n  bearer: "${template}"\n${lines}`;
}
