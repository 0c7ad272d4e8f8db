import { PUSHED_FILTER } from '../check/express-filters.ts';
import { SWITCH_OFF } from '../check/in-the-way-rule.ts';
import { KEPT, RETRIES, RETRY_ON } from '../check/retries-rule.ts';
import { SWITCH_ON } from '../integrations/redaction-filter.ts';
import type { ExpressRoute } from './express-route.ts';
import { secretShape } from './secret-shape.ts';
import { type Surroundings, withPorts } from './surroundings.ts';
import type { Wanted } from './wanted.ts';
import { credentialLines, ruleLines, scalar } from './yaml-text.ts';

/** The anchor that envoy/envoy.yaml has for its retry policy. */
export const RETRY_ANCHOR = 'fresh_secret_on_401';

/** What stands behind that anchor, for a file that does not have it, or with other statuses. */
function retryPolicy(statuses: string): string {
  return `{ retry_on: "${RETRY_ON}", retriable_status_codes: [${statuses}], num_retries: ${RETRIES}, retry_back_off: { base_interval: 0.001s, max_interval: 0.05s } }`;
}

/** The names under which programs reach an integration; the second one resolves on any machine (RFC 6761, section 6.3). */
export function domainsOf(name: string): readonly string[] {
  return [`${name}.int`, `${name}.int.localhost`];
}

/**
 * A virtual host of Envoy with one route, as the item of a list, without indentation.
 *
 * @param options.redact the name of the filter that takes secrets out of responses, for an integration that wants it.
 * @param options.buffer the name of the filter that holds requests back until their body is whole, for credentials that need it.
 * @param options.express what `lane: express` needs beside the route.
 * @param options.surroundings what its listener leaves for it to say.
 */
export function virtualHost(
  wanted: Wanted,
  options: {
    cluster: string;
    hasAnchor: boolean;
    buffer: string | undefined;
    redact: string | undefined;
    express: ExpressRoute | undefined;
    surroundings: Surroundings | undefined;
  },
): string[] {
  const { name, host, secret, credential, rules, largestBody } = wanted;
  const { buffer, redact, express } = options;
  const filters = [
    ...(buffer === undefined
      ? []
      : [
          `${scalar(buffer)}: { "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute, buffer: { max_request_bytes: ${largestBody} } }`,
        ]),
    ...(redact === undefined ? [] : [`${scalar(redact)}: ${SWITCH_ON}`]),
    ...(express === undefined ? [] : [`${PUSHED_FILTER}: ${express.override}`]),
  ];
  // AWS answers a wrong signature with 403.
  const isAws = credential.aws_sigv4 !== undefined;
  const policy = isAws ? retryPolicy('401, 403') : options.hasAnchor ? `*${RETRY_ANCHOR}` : retryPolicy('401');
  return [
    `- name: ${scalar(name)}`,
    ...hostLines(domainsOf(name), options.surroundings),
    '  routes:',
    '  - match: { prefix: / }',
    `    route: { cluster: ${scalar(options.cluster)}, host_rewrite_literal: ${scalar(host)}, timeout: 0s, ${patience(options.surroundings)}retry_policy: ${policy} }`,
    `    request_body_buffer_limit: ${buffer === undefined ? KEPT : largestBody}`,
    ...(express === undefined ? [] : [`    request_headers_to_remove: [${express.remove.map(scalar).join(', ')}]`]),
    ...(filters.length === 0 ? [] : [`    typed_per_filter_config: { ${filters.join(', ')} }`]),
    '    metadata:',
    '      filter_metadata:',
    '        attache:',
    `          integration: ${scalar(name)}`,
    `          secret: ${scalar(secret)}  # ${secretShape(credential)}`,
    ...[...credentialLines(credential), ...ruleLines(rules)].map((line) => `          ${line}`),
  ];
}

/** The lines of a virtual host between its name and its routes: its domains, and what its listener leaves for it to say. */
function hostLines(domains: readonly string[], around: Surroundings | undefined): string[] {
  const all = around?.needsPorts === true ? withPorts(domains) : domains;
  const list = (field: string, headers: readonly string[] = []) =>
    headers.length === 0 ? [] : [`  ${field}: [${headers.join(', ')}]`];
  const filters = [
    ...(around?.on ?? []).map((name) => `    ${scalar(name)}: ${SWITCH_ON_AS_IT_IS}`),
    ...(around?.off ?? []).map((name) => `    ${scalar(name)}: ${SWITCH_OFF}`),
  ];
  return [
    `  domains: [${all.map(scalar).join(', ')}]`,
    ...list('request_headers_to_remove', around?.requestHeaders),
    ...list('response_headers_to_remove', around?.responseHeaders),
    ...(filters.length === 0 ? [] : ['  typed_per_filter_config:', ...filters]),
  ];
}

/** What switches a filter on with the settings that it has. */
const SWITCH_ON_AS_IT_IS = '{ "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, config: {} }';

function patience(around: Surroundings | undefined): string {
  return [
    ...(around?.needsPatience === true ? ['idle_timeout: 7200s, '] : []),
    ...(around?.needsUpgrades === true ? ['upgrade_configs: [{ upgrade_type: websocket }], '] : []),
  ].join('');
}

/** An item of the plain list of integrations, without indentation. */
export function listItem({ name, host, secret, credential, rules }: Wanted, options: { oneLine: boolean }): string[] {
  const lines = [
    `integration: ${scalar(name)}`,
    `host: ${scalar(host)}`,
    `secret: ${scalar(secret)}`,
    ...credentialLines(credential),
    ...ruleLines(rules),
  ];
  return options.oneLine
    ? [`- { ${lines.join(', ')} }`]
    : lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
}
