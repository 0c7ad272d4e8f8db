import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { ReceivedRequest } from '../../local/upstream-server.ts';

/** What stands for a key in the catalogue's lines, and in the rows. */
const PLACEHOLDERS = ['no-key', 'madeup', 'MADEUP'];

/** The shortest value of a variable that is looked for: a shorter one may stand anywhere by chance. */
const SHORTEST = 6;

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/**
 * Where a request has what its program was given in place of a key: as it is, escaped as in URLs, or in base64. Undefined when it
 * is nowhere: not in a header, the path, the query or the body, however that is compressed.
 *
 * @param env the program's variables; those of a key, token or secret are placeholders too
 */
export function placeOfPlaceholder(
  { headers, path, body }: Pick<ReceivedRequest, 'headers' | 'path' | 'body'>,
  env: Readonly<Record<string, string>> = {},
): 'a header' | 'the path or query' | 'the body' | undefined {
  const given = Object.entries(env).flatMap(([name, value]) =>
    /KEY|TOKEN|SECRET/i.test(name) && value.length >= SHORTEST ? [value] : [],
  );
  const wanted = [...PLACEHOLDERS, ...given].flatMap((text) => [text, ...inBase64(text)]);
  const found = (text: string) => wanted.some((it) => text.includes(it) || decoded(text).includes(it));
  if (Object.entries(headers).some(([name, value]) => found(`${name}: ${value}`))) return 'a header';
  if (found(path)) return 'the path or query';
  const plain = (DECODERS[String(headers['content-encoding'])] ?? ((bytes) => bytes))(body);
  return found(plain.toString('latin1')) ? 'the body' : undefined;
}

/** The characters of base64 that a text has whatever stands around it, at each of its three places. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${' '.repeat(before)}${text}`).toString('base64');
    return encoded.slice(Math.ceil((before * 4) / 3), Math.floor(((before + text.length) * 4) / 3));
  });
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
