import { describe, expect, it } from 'vitest';
import { ALWAYS_STRIPPED, ALWAYS_STRIPPED_PARAMETERS } from '../../src/credentials/callers-own.ts';
import { KINDS } from '../../src/credentials/kinds.ts';
import { hostFault } from '../../src/integrations/host.ts';
import { aws } from '../../src/vendors/aws.ts';
import { business } from '../../src/vendors/business.ts';
import { content } from '../../src/vendors/content.ts';
import { google } from '../../src/vendors/google.ts';
import { infrastructure } from '../../src/vendors/infrastructure.ts';
import { models } from '../../src/vendors/models.ts';
import { inRegion, needsRegion } from '../../src/vendors/region.ts';
import { VENDORS, wayOfSending } from '../../src/vendors/vendors.ts';

describe('the catalogue of APIs', () => {
  it('has at least 40, each under a name of its own', () => {
    expect(VENDORS.size).toBeGreaterThanOrEqual(40);
    expect(VENDORS.size).toBe([models, business, infrastructure, content, google, aws].flat().length);
  });

  it.each([...VENDORS.values()].map((vendor) => inRegion(vendor, 'eu-west-1')))(
    'has for $name what a route needs',
    ({ name, host, credential, documentation, command }) => {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(hostFault(host)).toBeUndefined();
      expect(new URL(documentation).protocol).toBe('https:');
      const kinds = Object.entries(credential).map(([key, value]) =>
        KINDS.find((kind) => kind.key === key)?.schema.safeParse(value),
      );
      expect(kinds.length).toBeGreaterThanOrEqual(1);
      expect(kinds.every((kind) => kind?.success === true)).toBe(true);
      expect(command ?? '{url}').toContain('{url}');
    },
  );

  it('names what else an API takes as a credential in the words of a block, and nothing that is never passed on', () => {
    const strips = [...VENDORS.values()].flatMap(({ strip = [] }) => strip);
    const always = [...ALWAYS_STRIPPED, ...ALWAYS_STRIPPED_PARAMETERS.map((name) => `query:${name}`)];

    expect(strips.filter((name) => !/^(?:query:[\w-]+|[a-z0-9-]+)$/.test(name) || always.includes(name))).toEqual([]);
    expect(VENDORS.get('gemini')?.strip).toEqual(['query:key']);
    expect(VENDORS.get('slack')?.inBody).toBe('token');
  });

  it('writes headers as HTTP/2 does, in lower case', () => {
    const headers = [...VENDORS.values()].flatMap(({ credential }) => Object.keys(credential.headers ?? {}));

    expect(headers.filter((header) => !/^[a-z0-9-]+$/.test(header))).toEqual([]);
  });

  it('puts a Region wherever one belongs', () => {
    const regional = [...VENDORS.values()].filter(needsRegion).map((vendor) => inRegion(vendor, 'us-gov-west-1'));

    expect(regional.map(({ name }) => name)).toEqual(
      ['bedrock', 'dynamodb', 'eventbridge', 'kms', 'lambda', 'logs', 's3', 'sns', 'sqs', 'sts'].map(
        (it) => `aws-${it}`,
      ),
    );
    expect(JSON.stringify(regional)).not.toContain('{region}');
    expect(regional.every(({ host, credential }) => host.includes(credential.aws_sigv4?.region ?? '?'))).toBe(true);
  });

  it.each([
    ['openai', 'Bearer'],
    ['stripe', 'Basic'],
    ['discord', 'authorization: Bot'],
    ['linear', 'authorization'],
    ['datadog', 'dd-api-key, dd-application-key'],
    ['serpapi', '?api_key='],
    ['telegram', '/bot…'],
    ['github-git', 'token of a GitHub App'],
    ['twitch', 'OAuth token, client-id'],
    ['gmail', 'token of Google'],
    ['aws-sqs', 'signature of AWS'],
  ])('says of %s in a few words how its key is sent', (name, way) => {
    const vendor = VENDORS.get(name);

    expect(vendor && wayOfSending(vendor)).toBe(way);
  });
});
