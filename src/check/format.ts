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

/** What a command prints that is, or may be, a secret: headers, in lower case, or the path with its query. */
export function printedBy({ name, argument }: FormatCommand): {
  readonly headers: readonly string[];
  readonly query: boolean;
} {
  switch (name) {
    case 'REQ':
    case 'REQ_WITHOUT_QUERY': {
      const headers = argument
        .toLowerCase()
        .split('?')
        .map((part) => part.trim());
      const path = headers.some((header) => header === ':path' || header === 'x-envoy-original-path');
      return { headers, query: path && name === 'REQ' };
    }
    case 'PATH':
      return { headers: [], query: !/^NQ\b/.test(argument.trim()) };
    case 'QUERY_PARAM':
    case 'QUERY_PARAMS':
      return { headers: [], query: true };
    case 'CEL':
    case 'TYPED_CEL':
    case 'COALESCE':
      return printedByExpression(argument);
    default:
      return { headers: [], query: false };
  }
}

/** An expression may name a header in any way; a word in quotes is taken for one, and headers without any for all of them. */
function printedByExpression(argument: string): { headers: readonly string[]; query: boolean } {
  const quoted = [...argument.toLowerCase().matchAll(/["']([^"']+)["']/g)].map(([, word]) => word ?? '');
  const all = /request\.headers(?!\s*\[\s*["']|\.[a-z])/.test(argument);
  const named = [...argument.toLowerCase().matchAll(/request\.headers\.([a-z_]+)/g)].map(([, word]) => word ?? '');
  const query =
    /request\.(?:path|query)\b/.test(argument) ||
    quoted.some((word) => word === ':path' || word === 'x-envoy-original-path');
  return { headers: all ? ['authorization'] : [...quoted, ...named], query };
}
