import { readFileSync } from 'node:fs';
import { addToText } from '../../src/add/add-to-text.ts';
import { type WantedOptions, wanted } from '../../src/add/wanted.ts';
import { needsRegion } from '../../src/vendors/region.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';

export const FILE = 'envoy.yaml';

/** The repository's own configuration. */
export const GOOD = readFileSync('envoy/envoy.yaml', 'utf8');

/** Three integrations whose names are in the catalogue too, out of the way. */
export const WITHOUT_NAMES_OF_THE_CATALOGUE = GOOD.replaceAll(/\b(stripe|openai|anthropic)(?=\.int|$)/gm, 'my-$1');

/** What must be said besides, to add an API of the catalogue. */
export function optionsFor(name: string): WantedOptions {
  const vendor = VENDORS.get(name);
  return vendor !== undefined && needsRegion(vendor) ? { region: 'eu-west-1' } : {};
}

/** What `attache add` makes of a text. */
export function added(text: string, name: string, options: WantedOptions = {}) {
  return addToText(FILE, text, wanted(name, options));
}

/** The one place in which a text has lines more than before, and the lines that differ besides. */
export function difference(
  before: string,
  after: string,
): { at: number; added: string[]; changed: [string, string][] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const more = now.length - old.length;
  // How many lines differ when those that are added stand before this one: at first all are compared with what stands further down.
  let differing = old.filter((line, index) => line !== now[index + more]).length;
  let [at, fewest] = [0, differing];
  for (const [index, line] of old.entries()) {
    differing += Number(line !== now[index]) - Number(line !== now[index + more]);
    if (differing < fewest) [at, fewest] = [index + 1, differing];
  }
  const added = now.splice(at, more);
  const changed = old.flatMap((line, index): [string, string][] =>
    line === now[index] ? [] : [[line, now[index] ?? '']],
  );
  return { at, added, changed };
}
