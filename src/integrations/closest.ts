/** Longer words are none that somebody has misspelt. */
const LONGEST = 63;

/** The one of `known` that a misspelt word most likely means: two edits away at most, or begun alike. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const near = [...known]
    .filter((candidate) => Math.abs(candidate.length - word.length) <= 2)
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate) }))
    .sort((a, b) => a.edits - b.edits)[0];
  if (near !== undefined && near.edits <= Math.min(2, Math.floor(near.candidate.length / 2))) return near.candidate;
  return word.length < 3
    ? undefined
    : [...known].find(
        (candidate) => candidate.startsWith(word.toLowerCase()) || word.toLowerCase().startsWith(candidate),
      );
}

/** A mend for an unknown word: the one that is meant, or all that there are. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return near === undefined ? `write one of: ${known.join(', ')}` : `did you mean ${near}?`;
}

/** How many letters must be put in, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
