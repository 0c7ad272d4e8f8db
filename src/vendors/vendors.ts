import { business } from './business.ts';
import { infrastructure } from './infrastructure.ts';
import { models } from './models.ts';
import type { Vendor } from './vendor.ts';

/** Every API that `attache add NAME` knows, by name. */
export const VENDORS: ReadonlyMap<string, Vendor> = new Map(
  [...models, ...business, ...infrastructure]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((vendor) => [vendor.name, vendor]),
);

/** How a vendor's key is sent, in a few words: the header, and what stands before the key. */
export function wayOfSending({ credential: { bearer, basic, headers } }: Vendor): string {
  return [
    ...(bearer === undefined ? [] : ['Bearer']),
    ...(basic === undefined ? [] : ['Basic']),
    ...Object.entries(headers ?? {}).map(([name, template]) => {
      const scheme = template.slice(0, template.indexOf('{{')).trim();
      return scheme === '' ? name : `${name}: ${scheme}`;
    }),
  ].join(', ');
}
