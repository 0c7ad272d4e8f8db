import { DONE, type Graph } from './graph.ts';
import { spellBase64, spellByte, spellCharacter } from './spellings.ts';

/** A sequence of characters to find: for each the node of the graph at which its spellings begin. */
export type Pattern = readonly number[];

/** Line ends that MIME and PEM put into base64 (RFC 2045, section 6.8), plain or in a JSON string. */
const LINE_ENDS = ['\n', '\r\n', '\\n', '\\r\\n'];

/** What stands between the bytes of a fingerprint or a dump. */
const HEX_SEPARATORS = [':', '-', ' '];

/** The patterns that find a value in all its forms. */
export function patternsOf(graph: Graph, value: Buffer): Pattern[] {
  const known = new Map<string, number>();
  // Characters that look alike share their nodes: a value of any length then takes little memory.
  const once = (kind: string, what: string | number, spell: (from: number) => void) => {
    const key = `${kind} ${what}`;
    const node = known.get(key) ?? graph.node();
    if (!known.has(key)) spell(node);
    known.set(key, node);
    return node;
  };
  const after = (kind: string, node: number, separators: readonly string[]) => {
    const key = `${kind} ${node}`;
    const first = known.get(key) ?? graph.copy(node);
    if (!known.has(key)) for (const separator of separators) graph.path(first, separator, node);
    known.set(key, first);
    return first;
  };

  const text = asText(value);
  const plain =
    text === undefined
      ? [...value].map((byte) => once('byte', byte, (from) => spellByte(graph, from, DONE, byte)))
      : [...text].map((character) =>
          once('character', character, (from) => spellCharacter(graph, from, DONE, character)),
        );
  const base64 = [0, 1, 2].map((offset) =>
    [...base64At(value, offset)].map((character, index) => {
      const node = once('base64', character, (from) => spellBase64(graph, from, DONE, character));
      return index === 0 ? node : after('line end', node, LINE_ENDS);
    }),
  );
  const hex = [...value.toString('hex')].map((digit, index) => {
    const either = digit >= 'a' ? digit + digit.toUpperCase() : digit;
    const node = once('digit', digit, (from) => graph.path(from, [either], DONE));
    return index === 0 || index % 2 === 1 ? node : after('separator', node, HEX_SEPARATORS);
  });
  return [plain, ...base64, hex];
}

/**
 * The characters of base64 (RFC 4648) that depend on nothing but the value when it stands at some offset, modulo three, in
 * a longer text. Up to four bits of its first and of its last byte are in characters that depend on the neighbours too.
 */
function base64At(value: Buffer, offset: number): string {
  const bits = 8 * (offset + value.length);
  const bytes = Buffer.alloc(offset + value.length);
  value.copy(bytes, offset);
  const text = bytes.toString('base64');
  bytes.fill(0);
  return text.slice(Math.ceil((8 * offset) / 6), Math.floor(bits / 6));
}

function asText(value: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}
