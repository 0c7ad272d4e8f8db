import { table } from '../admin/table.ts';
import { VENDORS, wayOfSending } from '../vendors/vendors.ts';

/** Every API of the catalogue, as a table or as JSON. */
export function listVendors(options: { readonly json: boolean }): string {
  const vendors = [...VENDORS.values()];
  if (options.json) return `${JSON.stringify(vendors, undefined, 2)}\n`;
  const rows = [
    ['NAME', 'HOST', 'KEY', 'LIBRARIES'],
    ...vendors.map((vendor) => [
      vendor.name,
      vendor.host,
      wayOfSending(vendor),
      (vendor.libraries ?? []).map((library) => `${library.package} (${library.language})`).join(', '),
    ]),
  ];
  return `${table(rows).join('\n')}\n`;
}
