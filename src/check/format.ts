/** A command of Envoy's formats, such as `%REQ(X?Y):10%`. */
export interface FormatCommand {
  /** As it is written. */
  readonly text: string;
  readonly name: string;
  readonly argument: string;
}

const COMMAND = /%%|%([A-Z][A-Z0-9_]*)(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?(?::\d+)?%/g;

/**
 * The commands of a format string.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
 */
export function commandsOf(format: string): FormatCommand[] {
  return [...format.matchAll(COMMAND)].flatMap(([text, name, argument]) =>
    name === undefined ? [] : [{ text, name, argument: argument ?? '' }],
  );
}

/** What a command prints that is, or may be, a secret. */
export interface Printed {
  /** Headers, in lower case. */
  readonly headers: readonly string[];
  /** The path as it is sent, into which Attaché may have put a prefix. */
  readonly path: boolean;
  /** The query as it is sent, into which Attaché may have put a parameter. */
  readonly query: boolean;
  /** The query as the client sent it. */
  readonly originalQuery: boolean;
}

const NOTHING: Printed = { headers: [], path: false, query: false, originalQuery: false };

/** What a command prints of a request that was sent. */
export function printedBy({ name, argument }: FormatCommand): Printed {
  switch (name) {
    case 'REQ':
    case 'REQ_WITHOUT_QUERY': {
      const names = argument
        .toLowerCase()
        .split('?')
        .map((part) => part.trim());
      const hasQuery = name === 'REQ';
      const path = names.includes(':path');
      return {
        headers: names.filter((header) => header !== ':path'),
        path,
        query: path && hasQuery,
        originalQuery: names.includes('x-envoy-original-path') && hasQuery,
      };
    }
    case 'PATH': {
      const [query = '', which = ''] = argument.split(':').map((part) => part.trim());
      const hasQuery = query !== 'NQ';
      return which === 'ORIG' ? { ...NOTHING, originalQuery: hasQuery } : { ...NOTHING, path: true, query: hasQuery };
    }
    case 'QUERY_PARAM':
    case 'QUERY_PARAMS':
      return { ...NOTHING, query: true };
    case 'CEL':
    case 'TYPED_CEL':
    case 'COALESCE':
      return printedByExpression(argument);
    default:
      return NOTHING;
  }
}

/** An expression may name a header in any way; a word in quotes is taken for one, and headers without any for all of them. */
function printedByExpression(argument: string): Printed {
  const quoted = [...argument.toLowerCase().matchAll(/["']([^"']+)["']/g)].map(([, word]) => word ?? '');
  const all = /request\.headers(?!\s*\[\s*["']|\.[a-z])/.test(argument);
  const named = [...argument.toLowerCase().matchAll(/request\.headers\.([a-z_]+)/g)].map(([, word]) => word ?? '');
  const whole = all || /request\.path\b/.test(argument) || quoted.includes(':path');
  return {
    headers: all ? ['authorization'] : [...quoted, ...named].filter((header) => header !== ':path'),
    path: whole || /request\.url_path\b/.test(argument),
    query: whole || /request\.query\b/.test(argument),
    originalQuery: quoted.includes('x-envoy-original-path'),
  };
}
