import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

/** The repository's own configuration with a route that signs for a Region and goes to a host. */
function signing(service: string, region: string, host: string): string {
  return [
    ['basic: { username: "{{ api_key }}" }', `aws_sigv4: { service: ${service}, region: ${region} }`],
    ['host_rewrite_literal: api.stripe.com', `host_rewrite_literal: ${host}`],
  ].reduce((text, [from = '', to = '']) => edited(text, from, to), GOOD);
}

/** What a check says of that, without what it says of filters and bodies. */
async function said(text: string): Promise<string[]> {
  return (await findings(text)).filter((line) => line.includes('takes signatures for'));
}

describe('attache check of the Region for which is signed', () => {
  it.each([
    ['s3', 'eu-west-2', 's3.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3', 'eu-wst-1', 'bucket.s3.dualstack.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3', 'auto', 'us-east-1.s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['es', 'us-east-1', 'search-it-x.eu-central-1.es.amazonaws.com:443', 'eu-central-1'],
    ['sqs', 'cn-north-1', 'sqs.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1'],
    ['vpc-lattice-svcs', 'us-east-1', 'a-0.7d67968.vpc-lattice-svcs.us-west-2.on.aws', 'us-west-2'],
    ['s3', 'us-east-1', 'm.mrap.accesspoint.s3-global.amazonaws.com', 'every Region'],
    ['events', 'us-east-1', 'abc.veo.endpoint.events.amazonaws.com', 'every Region'],
  ])('finds that %s is signed for %s, and %s takes %s', async (service, region, host, wanted) => {
    const text = signing(service, region, host);

    expect(await said(text)).toEqual([
      `${placeOf(text, `${region} }`)}: error: stripe is signed for ${region}, and ${host} takes signatures for ${wanted}`,
    ]);
  });

  it.each([
    ['s3', 'eu-west-1', 'us-east-1.s3.eu-west-1.amazonaws.com'],
    ['iam', 'us-east-1', 'iam.amazonaws.com'],
    ['s3', '"*"', 'm.mrap.accesspoint.s3-global.amazonaws.com'],
    ['s3', '"*"', 's3.eu-west-1.amazonaws.com'],
    ['s3', 'auto', 'x.r2.cloudflarestorage.com'],
    ['s3', 'us-east-1', 'minio.eu-west-1.example.com'],
  ])('finds nothing where %s is signed for %s and goes to %s', async (service, region, host) => {
    expect(await said(signing(service, region, host))).toEqual([]);
  });
});
