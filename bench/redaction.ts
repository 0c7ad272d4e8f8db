import { randomBytes } from 'node:crypto';
import { Forms } from '../src/redaction/forms.ts';
import { headerRedactor, Redactor } from '../src/redaction/redactor.ts';
import { commandLine } from '../test/support/command-line.ts';

commandLine(
  'npm run bench:redaction',
  'What `redact` costs: megabytes of response body a second, by kind of body and number of values, and the time to prepare.',
  {},
);

const size = 16 * 2 ** 20;
const chunkSize = 64 * 2 ** 10;
const rounds = 5;

const key = (index: number) => `sk_live_${randomBytes(24).toString('base64url')}${index}`;
const values = Array.from({ length: 5 }, (_, index) => ({ name: `key ${index}`, bytes: Buffer.from(key(index)) }));

const filled = (unit: string) => Buffer.alloc(size, unit);
const record = {
  id: 'cus_9s6XKzkNRiz8i3',
  email: 'jenny.rosen@example.com',
  task: 'risk "asked"',
  live: true,
  total: 73_150,
};
const bodies = {
  JSON: filled(`${JSON.stringify(record)},\n`),
  'server-sent events': filled('data: {"choices":[{"delta":{"content":" desk"},"index":0}]}\n\n'),
  'JSON in JSON': filled(`${JSON.stringify(JSON.stringify(record))},`),
  'JSON of \\u escapes': filled('\\u3053\\u3093\\u306b\\u3061\\u306f'),
  HTML: filled('<li class="task">Tom &amp; Jerry&#39;s <a href="/search?q=a%20b">desk</a></li>\n'),
  base64: Buffer.from(randomBytes(size * 0.75).toString('base64')),
  binary: randomBytes(size),
  'the key over and over': filled(`{"key":"${values[0]?.bytes.toString()}"}`),
};

function megabytesPerSecond(forms: Forms, body: Buffer): number {
  const seconds = Array.from({ length: rounds }, () => {
    const redactor = new Redactor(forms);
    const began = performance.now();
    for (let offset = 0; offset < body.length; offset += chunkSize) {
      redactor.push(body.subarray(offset, offset + chunkSize));
    }
    redactor.end();
    return (performance.now() - began) / 1_000;
  });
  return Math.round(body.length / 1e6 / Math.min(...seconds));
}

const one = new Forms(values.slice(0, 1));
const five = new Forms(values);
process.stdout.write(`${'MB/s, best of 5 rounds'.padEnd(26)}one value  five values\n`);
for (const [name, body] of Object.entries(bodies)) {
  const figures = [megabytesPerSecond(one, body), megabytesPerSecond(five, body)];
  process.stdout.write(`${name.padEnd(26)}${figures.map((figure) => String(figure).padEnd(11)).join('')}\n`);
}
const repetitive = new Forms([{ name: 'repetitive', bytes: Buffer.alloc(64, 'a') }]);
const ownLetter = megabytesPerSecond(repetitive, Buffer.alloc(size / 8, 'a'));
process.stdout.write(`a value of one letter 64 times, in a body of that letter: ${ownLetter} MB/s\n`);

/** What redaction of these headers takes, in µs. */
function timeOf(headers: readonly Buffer[]): number {
  const times = Array.from({ length: 200 }, () => {
    const began = performance.now();
    for (let response = 0; response < 20; response += 1) {
      const redact = headerRedactor(one);
      for (const text of headers) redact(text);
    }
    return (performance.now() - began) / 20;
  });
  return Math.min(...times) * 1_000;
}

const headers = Array.from({ length: 42 }, (_, index) => Buffer.from(`a name or a value of a header ${index}`));
const [apart, together] = [timeOf(headers), timeOf([Buffer.concat(headers)])];
process.stdout.write(
  `21 headers: ${apart.toFixed(1)} µs, ${(apart / together).toFixed(1)} times what the same bytes take in one\n`,
);
for (const length of [40, 2_000]) {
  const token = { name: 'token', bytes: Buffer.from(randomBytes(length).toString('base64url').slice(0, length)) };
  const began = performance.now();
  for (let round = 0; round < 20; round += 1) new Forms([token]);
  const each = (performance.now() - began) / 20;
  process.stdout.write(
    `a value of ${length} bytes: prepared in ${each.toFixed(1)} ms, longest form ${new Forms([token]).longest} bytes\n`,
  );
}
