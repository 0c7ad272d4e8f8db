import { needsRegion } from '../vendors/region.ts';
import { VENDORS, wayOfSending } from '../vendors/vendors.ts';

/** An API of the catalogue as the page lists it. */
export interface Api {
  readonly name: string;
  readonly host: string;
  /** How its key is sent, in a few words. */
  readonly sends: string;
  readonly needsRegion: boolean;
}

/** Every API of the catalogue, by name. */
export function apis(): Api[] {
  return [...VENDORS.values()].map((vendor) => ({
    name: vendor.name,
    host: vendor.host,
    sends: wayOfSending(vendor),
    needsRegion: needsRegion(vendor),
  }));
}
