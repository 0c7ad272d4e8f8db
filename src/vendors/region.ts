import type { CredentialBlock, Vendor } from './vendor.ts';

const PLACE = '{region}';

/** Whether an API has a host of its own in each Region, so that a Region must be named. */
export function needsRegion({ host }: Vendor): boolean {
  return host.includes(PLACE);
}

/** The API as it is in a Region. One that does not need a Region comes back as it is. */
export function inRegion(vendor: Vendor, region: string): Vendor {
  const { aws_sigv4: signature } = vendor.credential;
  const credential: CredentialBlock =
    signature === undefined
      ? vendor.credential
      : { ...vendor.credential, aws_sigv4: { ...signature, region: signature.region.replace(PLACE, region) } };
  return { ...vendor, host: vendor.host.replace(PLACE, region), credential };
}
