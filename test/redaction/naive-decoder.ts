// Says whether a text holds a value in any of its forms, by decoding: it shares nothing with the search, which encodes.

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  sol: '/',
  plus: '+',
};
const LETTERS: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' };

type Reading = readonly [decoded: Buffer, length: number];

const utf8 = (code: number) => (code > 0x10ffff ? [] : [Buffer.from(String.fromCodePoint(code), 'utf8')]);
const byteOrCharacter = (code: number) => (code < 256 ? [Buffer.from([code]), ...utf8(code)] : utf8(code));

/** Each way to read what stands at some place as one character or byte, and how many bytes it takes. */
function readingsAt(text: string, place: number): Reading[] {
  const rest = text.slice(place, place + 48);
  const readings: Reading[] = [];
  const add = (expression: RegExp, decode: (...groups: string[]) => Buffer[]) => {
    const match = expression.exec(rest);
    if (match) for (const decoded of decode(...match.slice(1))) readings.push([decoded, match[0].length]);
  };
  const number = (radix: number) => (digits: string) => byteOrCharacter(Number.parseInt(digits, radix));
  add(/^(.)/s, (byte) => byteOrCharacter(byte.charCodeAt(0)));
  add(/^([\xc2\xc3][\x80-\xbf])/, (pair) => [Buffer.from(Buffer.from(pair, 'latin1').toString('utf8'), 'latin1')]);
  add(/^\+/, () => [Buffer.from(' ')]);
  for (const again of ['', '25', '2525']) add(new RegExp(`^%${again}([0-9a-f]{2})`, 'i'), number(16));
  const slashes = '(?:\\\\|%5[cC])\\\\{0,3}';
  add(new RegExp(`^(?:%|${slashes})u([0-9a-fA-F]{4})`), number(16));
  add(new RegExp(`^(?:%|${slashes})u\\{([0-9a-fA-F]{1,6})\\}`), number(16));
  add(new RegExp(`^(?:%|${slashes})u([0-9a-fA-F]{4})\\\\{1,4}u([0-9a-fA-F]{4})`), (high, low) => [
    Buffer.from(String.fromCharCode(Number.parseInt(high ?? '', 16), Number.parseInt(low ?? '', 16)), 'utf8'),
  ]);
  add(new RegExp(`^${slashes}x([0-9a-fA-F]{2})`), number(16));
  add(new RegExp(`^${slashes}([0-3][0-7]{2})`), number(8));
  for (const run of ['\\\\{1,4}', '%5[cC]\\\\{0,3}']) {
    for (let count = 1; count <= 4; count += 1) {
      add(new RegExp(`^${run.replace('4}', `${count}}`).replace('{0,3}', `{${count - 1}}`)}(.)`, 's'), (letter) => [
        Buffer.from(LETTERS[letter] ?? letter, 'latin1'),
      ]);
    }
  }
  for (const again of ['', 'amp;', 'amp;amp;']) {
    const ampersand = `(?:&|(?:%|${slashes})u0026)${again}`;
    for (let digits = 1; digits <= 7; digits += 1) {
      for (const end of ['', ';']) {
        add(new RegExp(`^${ampersand}#([0-9]{${digits}})${end}`), number(10));
        add(new RegExp(`^${ampersand}#[xX]([0-9a-fA-F]{${digits}})${end}`), number(16));
      }
    }
    add(new RegExp(`^${ampersand}([a-z]+);`), (name) => (NAMED[name] ? [Buffer.from(NAMED[name])] : []));
  }
  return readings;
}

function spells(text: string, value: Buffer): boolean {
  const readings = Array.from({ length: text.length }, (_, place) => readingsAt(text, place));
  const reached = Array.from({ length: text.length + 1 }, () => new Set([0]));
  for (const [place, here] of readings.entries()) {
    for (const index of reached[place] ?? []) {
      for (const [decoded, length] of here) {
        if (!value.subarray(index, index + decoded.length).equals(decoded)) continue;
        if (index + decoded.length === value.length) return true;
        reached[place + length]?.add(index + decoded.length);
      }
    }
  }
  return false;
}

/** The text with those characters of base64 decoded that are escaped in URLs, JSON or HTML. */
function unescaped(text: string): string {
  return text
    .replace(/(?:%|\\u00|&#x)(2b|2f|3d);?/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replaceAll('\\/', '/');
}

function inRuns(text: string, value: Buffer): boolean {
  const joined = text.replace(/\\r\\n|\\n|\r\n|\n/g, '');
  const base64 = joined.match(/[0-9A-Za-z+/_-]{8,}/g) ?? [];
  const hex = text.replace(/[: -]/g, '').match(/[0-9a-fA-F]{8,}/g) ?? [];
  return (
    base64.some((run) => [0, 1, 2, 3].some((skip) => Buffer.from(run.slice(skip), 'base64').includes(value))) ||
    hex.some((run) => [0, 1].some((skip) => Buffer.from(run.slice(skip), 'hex').includes(value)))
  );
}

/** Whether a text holds a value as it is, with each character escaped in any way, in base64 or in hexadecimal digits. */
export function holds(body: Buffer, value: Buffer): boolean {
  const text = body.toString('latin1');
  return spells(text, value) || inRuns(text, value) || inRuns(unescaped(text), value);
}
