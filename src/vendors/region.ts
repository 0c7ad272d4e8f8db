import type { CredentialBlock, Vendor } from './vendor.ts';

const PLACE = '{region}';

/** Whether an API has a host of its own in each Region, so that a Region must be named. */
export function needsRegion({ host }: Vendor): boolean {
  return host.includes(PLACE);
}

/**
 * The API as it is in a Region. One that does not need a Region comes back as it is.
 *
 * @param domain what the hosts of AWS end with in that Region.
 */
export function inRegion(vendor: Vendor, region: string, domain = 'amazonaws.com'): Vendor {
  const { aws_sigv4: signature } = vendor.credential;
  const credential: CredentialBlock =
    signature === undefined
      ? vendor.credential
      : { ...vendor.credential, aws_sigv4: { ...signature, region: signature.region.replace(PLACE, region) } };
  const host = vendor.host.replace(PLACE, region).replace(/amazonaws\.com$/, domain);
  return { ...vendor, host, credential };
}
