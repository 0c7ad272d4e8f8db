import { partition } from '@aws-sdk/core/client';
import { z } from 'zod';

/** As AWS names its Regions in every partition, `eusc-de-east-1` and those to come. */
const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/;

/** What is said of a text that is no Region. */
export const NO_REGION = 'is no AWS Region';

/** Whether a text may be the name of a Region of AWS, whether or not there is one by now. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** A Region of AWS in a file. */
export const awsRegion = z.string().refine(isRegion, {
  message: NO_REGION,
  params: { mend: 'write for example eu-west-1' },
});

/** What the hosts of AWS end with in a Region: `amazonaws.com` in most partitions, and where the partition is not known. */
export function domainIn(region: string): string {
  return partition(region).dnsSuffix;
}
