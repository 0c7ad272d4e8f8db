/** What belongs to the caller's own signature, and so is neither signed nor sent. */
const OF_THE_CALLER = new Set([
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  // The session of S3 Express, and the Regions of Signature Version 4A.
  'x-amz-s3session-token',
  'x-amz-region-set',
]);

/**
 * The headers of a client that are signed, of those that Envoy shows: `content-type`, and every `x-amz-…` that is not of its own
 * signature. The values of one that is repeated are joined with commas, as AWS does.
 */
export function headersToSign(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const signed: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (OF_THE_CALLER.has(name) || !(name === 'content-type' || name.startsWith('x-amz-'))) continue;
    const before = signed[name];
    const trimmed = withoutBlanksAround(value);
    signed[name] = before === undefined ? trimmed : `${before},${trimmed}`;
  }
  return signed;
}

/** Spaces and tabs alone: a signature tells other blanks of Unicode apart. */
function withoutBlanksAround(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isBlank(value, from)) from += 1;
  while (from < to && isBlank(value, to - 1)) to -= 1;
  return value.slice(from, to);
}

function isBlank(text: string, index: number): boolean {
  return text[index] === ' ' || text[index] === '\t';
}
