/**
 * Of lines that were printed to be typed, the one for this library.
 *
 * @param library as the lines name it, such as `openai for Python`.
 * @throws Error when there is none
 */
export function lineOf(lines: readonly string[], library: string): string {
  const found = lines.find((line) =>
    line
      .split(/ {4}(?:#|\/\/) /)[1]
      ?.split(/[,;] /)
      .includes(library),
  );
  if (found === undefined) throw new Error(`no line is printed for ${library}: ${lines.join('\n')}`);
  return found;
}

/**
 * The line that a shell needs before the others.
 *
 * @throws Error when there is none
 */
export function firstLineOf(lines: readonly string[]): string {
  const found = lines.find((line) => line.startsWith('export http_proxy='));
  if (found === undefined) throw new Error(`no line says http_proxy: ${lines.join('\n')}`);
  return found;
}
