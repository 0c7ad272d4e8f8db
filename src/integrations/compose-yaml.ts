import { Composer, type CST, Document, Lexer, type LineCounter, Parser, YAMLParseError } from 'yaml';
import { BoundError, MOST_BYTES, MOST_LEVELS, MOST_TOKENS } from './yaml-bounds.ts';

/** What no YAML may hold. With some of them the lexer of `yaml` marks its own tokens. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/**
 * Reads a text as YAML, as `parseDocument` of `yaml` does, but within limits, so that it takes time and memory in proportion to the
 * text. Whether keys stand twice in a map is left for the caller to find: the parser would compare each with each.
 *
 * @param lines learns where each line begins, as far as the text is read.
 * @throws BoundError
 */
export function composeYaml(text: string, lines: LineCounter): Document {
  const composer = new Composer({ uniqueKeys: false });
  let first: Document | undefined;
  for (const document of composer.compose(tokens(text, lines), true, text.length)) {
    if (first === undefined) {
      first = document as Document;
      continue;
    }
    const [begin, end] = document.range;
    first.errors.push(new YAMLParseError([begin, end], 'MULTIPLE_DOCS', 'Source contains multiple documents'));
    break;
  }
  return first ?? new Document(null);
}

function* tokens(text: string, lines: LineCounter): Generator<CST.Token> {
  lines.addNewLine(0);
  refuseControls(text, lines);
  if (text.length > MOST_BYTES) throw tooLarge();
  const parser = new Parser(lines.addNewLine);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    count += 1;
    if (count > MOST_TOKENS) throw tooMany(parser.offset);
    // The document itself is one of the stack.
    if (parser.stack.length > MOST_LEVELS + 1) throw tooDeep(parser.offset);
  }
  yield* parser.end();
}

function refuseControls(text: string, lines: LineCounter): void {
  const [found] = CONTROL.exec(text) ?? [];
  if (found === undefined) return;
  const offset = text.indexOf(found);
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw new BoundError(
    offset,
    `the character U+${code}, which no YAML may hold`,
    'take it away, or save the file as text',
  );
}

/** Of a text, or of the bytes of a file. */
export function tooLarge(): BoundError {
  return new BoundError(
    0,
    `the file has more than ${MOST_BYTES / 1_048_576} MiB, the most that is read`,
    'share the integrations out among several Attachés',
  );
}

function tooMany(offset: number): BoundError {
  return new BoundError(
    offset,
    `here the file has more than ${MOST_TOKENS} words and signs, the most that are read`,
    'share the integrations out among several Attachés',
  );
}

function tooDeep(offset: number): BoundError {
  return new BoundError(
    offset,
    `nested deeper than ${MOST_LEVELS} levels`,
    'write it flatter; Envoy reads no more either',
  );
}
