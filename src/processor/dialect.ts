/** The form in which a client reads why it was refused, where that is not Attaché's own JSON. */
export type Dialect = 'grpc' | 'aws-json' | 'aws-cbor' | 'aws-query' | 'aws-ec2' | 's3';

/** Services of AWS that answer in XML whatever they are asked with. */
const XML_SERVICES: readonly string[] = ['route53', 'cloudfront'];

/**
 * How the client of a request reads a refusal, by what it has sent and by the service that it means to talk to.
 *
 * @param contentType empty when there is none, or when Envoy does not show it.
 * @param service of AWS, as signatures name it; undefined for all else.
 * @see https://smithy.io/2.0/aws/protocols/index.html
 */
export function dialectOf(contentType: string, service: string | undefined): Dialect | undefined {
  const type = contentType.toLowerCase();
  if (/^application\/grpc(?!-web)/.test(type)) return 'grpc';
  if (service === undefined) return undefined;
  if (/^s3(?:$|-)/.test(service)) return 's3';
  if (type.startsWith('application/cbor')) return 'aws-cbor';
  if (type.startsWith('application/x-www-form-urlencoded')) return service === 'ec2' ? 'aws-ec2' : 'aws-query';
  return XML_SERVICES.includes(service) ? 'aws-query' : 'aws-json';
}
