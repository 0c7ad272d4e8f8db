import type { SharedField } from '../credentials/injector.ts';
import type { Integration } from '../integrations/integration.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';

/** The header in which Envoy keeps it for the filter `express` of envoy.yaml, which takes it away again. */
export const EXPRESS_HEADER = 'x-attache-pushed';

/** Which form it has: the filter knows this one alone. */
const FORM = '1';

/** Where there is nothing. */
const NONE = '-';

/**
 * What the filter `express` reads: all that Attaché would look at before it answers, then the header to be set.
 *
 * `1 EXPIRES INTEGRATION HOST LINKS SECRET VERSION TOKEN PARAMETERS HEADER VALUE`, with one blank between each; the value may hold more.
 *
 * @param expires until when it may be used, in seconds since 1970.
 * @returns undefined when one of the words is none.
 */
export function encodeExpress(
  { name, host, links, secretId, injector }: Integration,
  version: SecretVersion,
  { field, tokens }: SharedField,
  expires: number,
): Buffer | undefined {
  const words = [
    FORM,
    String(expires),
    name,
    host,
    links === 'inside' ? NONE : links,
    secretId,
    version.id,
    tokens.join(',') || NONE,
    injector.strippedParameters.join(',') || NONE,
    field.name,
  ];
  if (words.some((word) => !/^[\x21-\x7e]+$/.test(word))) return undefined;
  return Buffer.concat([Buffer.from(`${words.join(' ')} `, 'latin1'), field.value]);
}
