/** What a line is written in. `shell` is a program, of whatever language. */
export type Language = 'python' | 'node' | 'go' | 'shell';

/** How a client library or a program is pointed at an API through the proxy. */
export interface Library {
  readonly language: Language;
  /** As its registry has it: PyPI, npm, the Go proxy; for `shell` also what people call the program. */
  readonly package: string;
  /**
   * What is typed, ready to paste. `{url}` stands for the integration's address, `{host}` for its host and port alone,
   * `{hostname}` and `{port}` for each of the two. `{https}` stands for its address at the HTTPS listener, which it then needs.
   * Where a library insists on a key, it is `no-key`. Absent: the library cannot be pointed anywhere, and `note` says why.
   */
  readonly line?: string;
  /** The version with which `npm run test:libraries` sees the line work. Absent: nobody has tried it. */
  readonly checked?: string;
  /** Whether it reads no `http_proxy`, so that it is of use only where its address resolves. */
  readonly ignoresProxy?: true;
  /** What else is worth knowing before the line is used: a whole clause, without a full stop. */
  readonly note?: string;
}

const LANGUAGES = { python: 'Python', node: 'Node', go: 'Go', shell: '' } as const satisfies Record<Language, string>;

/**
 * The library's line for an integration that answers at `host`, such as `openai.int`.
 *
 * @param https where it answers over TLS. The same name unless given, at the port of HTTPS, where envoy.yaml has that listener.
 */
export function lineFor({ line }: Pick<Library, 'line'>, host: string, https?: string): string | undefined {
  const [hostname = '', port = '80'] = host.split(':');
  return line
    ?.replaceAll('{url}', `http://${host}`)
    .replaceAll('{https}', `https://${https ?? hostname}`)
    .replaceAll('{host}', host)
    .replaceAll('{hostname}', hostname)
    .replaceAll('{port}', port);
}

/** The lines of an API's libraries, each with a comment that says whose it is and what is known of it. Equal lines are one. */
export function libraryLines(libraries: readonly Library[], host: string): string[] {
  const alike = Map.groupBy(libraries, (library) => lineFor(library, host));
  return [...alike].flatMap(([line, those]) => {
    const whose = those.map(described).join('; ');
    if (line === undefined) return those.map((library) => `# ${described(library)}`);
    return [`${line}    ${commentSign(line, those[0])} ${whose}`];
  });
}

function described({ language, package: name, line, checked, ignoresProxy, note }: Library): string {
  const library = LANGUAGES[language] === '' ? name : `${name} for ${LANGUAGES[language]}`;
  const state = line === undefined ? [] : [checked === undefined ? 'unchecked' : `checked with ${checked}`];
  const https = line?.includes('{https}') ? ['needs the HTTPS listener of envoy.yaml'] : [];
  const proxy = ignoresProxy === undefined ? [] : ['reads no http_proxy, so this name must resolve'];
  return [library, ...state, ...https, ...proxy, ...(note === undefined ? [] : [note])].join(', ');
}

function commentSign(line: string, library: Library | undefined): string {
  const inCode = library?.language === 'node' || library?.language === 'go';
  return inCode && !line.startsWith('export ') ? '//' : '#';
}
