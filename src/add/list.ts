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
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}
