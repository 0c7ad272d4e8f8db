import { isRegion } from '../aws/region.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { EVERY_REGION } from '../signing/sign-request.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** What the hosts of AWS end with, in every partition. */
const OF_AWS =
  /\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|api\.aws|on\.aws|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/** Multi-Region Access Points of S3, and global endpoints of EventBridge. */
const OF_EVERY_REGION = /\.s3-global\.amazonaws\.com$|\.endpoint\.events\.amazonaws\.com$/;

/** Whether a signature is for the Region in which it is looked at: AWS refuses all others. */
export function* checkRegions({ source }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const { route, integration } of new Map(passages.map((it) => [it.route, it])).values()) {
    const region = source.get(route.block?.value, 'aws_sigv4', 'region');
    const named = textOf(region);
    if (integration === undefined || named === undefined) continue;
    const wanted = regionOf(integration.host);
    if (wanted === undefined || wanted === named || (named === EVERY_REGION && isRegion(wanted))) continue;
    yield source.error(
      region,
      `${integration.name} is signed for ${named}, and ${integration.host} takes signatures for ${wanted === EVERY_REGION ? 'every Region' : wanted}`,
      `write region: ${wanted === EVERY_REGION ? '"*"' : wanted}, or route it to another host`,
    );
  }
}

/** The Region that stands in a host of AWS; undefined where none does. */
function regionOf(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '');
  if (OF_EVERY_REGION.test(name)) return EVERY_REGION;
  if (!OF_AWS.test(name)) return undefined;
  // A bucket before it may have the name of a Region; s3-eu-west-1 is how S3 wrote it once.
  return name
    .split('.')
    .map((label) => label.replace(/^s3-(?:fips-)?/, ''))
    .findLast(isRegion);
}
