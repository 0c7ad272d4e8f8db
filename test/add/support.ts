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
export function difference(before: string, after: string): { added: string[]; changed: [string, string][] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const more = now.length - old.length;
  const differing = (at: number) => {
    const rest = [...now.slice(0, at), ...now.slice(at + more)];
    return old.flatMap((line, index): [string, string][] => (line === rest[index] ? [] : [[line, rest[index] ?? '']]));
  };
  const places = Array.from({ length: old.length + 1 }, (_, at) => ({ at, changed: differing(at) }));
  const best = places.reduce((one, other) => (other.changed.length < one.changed.length ? other : one));
  return { added: now.slice(best.at, best.at + more), changed: best.changed };
}
