import { describe, expect, it } from 'vitest';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';
import { edited, FILE, findings, GOOD, placeOf } from './support.ts';

const BUFFER =
  '{ whole_body: { "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute, buffer: { max_request_bytes: 4194304 } } }';
const KEPT = 'request_body_buffer_limit: 4194304';
const LIMITS = `${KEPT}\n                typed_per_filter_config: ${BUFFER}\n`;

/** The repository's own configuration with a route that signs, in the place of another. */
const SIGNING = [
  [/ +request_body_buffer_limit: 16777216 .*\n/.exec(GOOD)?.[0], ''],
  ['basic: { username: "{{ api_key }}" }', 'aws_sigv4: { service: sqs, region: eu-west-1 }'],
  [
    '    - match: { prefix: / }\n                route: { cluster: internet, host_rewrite_literal: api.stripe.com',
    `    - ${LIMITS}                match: { prefix: / }\n                route: { cluster: internet, host_rewrite_literal: api.stripe.com`,
  ],
  [
    '|x-attache-error"',
    '|x-attache-error|x-amz-date|x-amz-content-sha256|x-amz-security-token|x-amz-s3session-token|x-amz-region-set"',
  ],
].reduce((text, [from = '', to = '']) => edited(text, from, to), GOOD);

const UNSIGNED = edited(SIGNING, 'region: eu-west-1 }', 'region: eu-west-1, payload: unsigned }').replace(
  'service: sqs',
  'service: s3',
);

/** An edit of a configuration that signs, the one problem that it must bring, and the text at which it stands. */
type Case = [name: string, from: string, to: string, problem: string, at: string];

const MODES = /allowed_override_modes: (.*)/.exec(GOOD)?.[1] ?? '';
const ALLOW = 'allow_mode_override: true  ';

/** What has Envoy send a request on unsigned. */
const OPEN: Case[] = [
  [
    'the attribute without the option',
    ALLOW,
    'allow_mode_override: false ',
    "error: the filter tells Attaché 'allow_mode_override' without having it",
    'false     # Attaché may',
  ],
  [
    'the attribute with nothing said of the option',
    ALLOW,
    '',
    "error: the filter tells Attaché 'allow_mode_override' without having it",
    `"'allow_mode_override'"`,
  ],
  [
    'bodies that are sent early',
    ALLOW,
    `send_body_without_waiting_for_header_response: true\n            ${ALLOW}`,
    'error: send_body_without_waiting_for_header_response has Envoy ignore',
    'true\n            allow_mode',
  ],
  ...['request_body_mode: BUFFERED, ', 'request_trailer_mode: SEND, ', 'response_header_mode: SKIP, '].map(
    (mode): Case => [
      `allowed modes without ${mode}`,
      MODES,
      edited(MODES, mode, ''),
      'error: allowed_override_modes lacks the mode',
      edited(MODES, mode, ''),
    ],
  ),
  [
    'another allowed mode',
    MODES,
    edited(MODES, 'BUFFERED', 'BUFFERED_PARTIAL'),
    'error: allowed_override_modes lacks the mode',
    edited(MODES, 'BUFFERED', 'BUFFERED_PARTIAL'),
  ],
];

const CLOSED: Case[] = [
  [
    'no attribute',
    `            - "'allow_mode_override'"      # says that bodies may be asked for\n`,
    '',
    'error: integration stripe signs bodies, and the filter hands none over',
    '- "xds.route_metadata',
  ],
  [
    'headers of AWS that are not shown',
    ', { prefix: x-amz- }',
    ', { exact: x-amz-target }',
    'error: forward_rules keeps x-amz- headers from Attaché',
    '{ allowed_headers: { patterns: [{ exact: ":authority"',
  ],
  [
    'headers of AWS that are hidden',
    '{ prefix: x-amz- }] } }',
    '{ prefix: x-amz- }] }, disallowed_headers: { patterns: [{ safe_regex: { regex: "x-amz-meta-.*" } }] } }',
    'error: forward_rules keeps x-amz- headers from Attaché',
    '{ allowed_headers: { patterns: [{ exact: ":authority"',
  ],
  [
    'no limit',
    `typed_per_filter_config: ${BUFFER}\n`,
    '\n',
    'error: nothing limits the bodies that are signed for integration stripe',
    '{ cluster: internet, host_rewrite_literal: api.stripe.com',
  ],
  [
    'a limit that is off',
    'buffer: { max_request_bytes: 4194304 } } }\n',
    'disabled: true } }\n',
    'error: nothing limits the bodies that are signed for integration stripe',
    '{ "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  ],
  [
    'a limit of a filter that is not there',
    'envoy.extensions.filters.http.buffer.v3.Buffer,',
    'envoy.extensions.filters.http.cors.v3.Cors,',
    'error: nothing limits the bodies that are signed for integration stripe',
    '{ "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  ],
  [
    'a limit beyond what Attaché reads',
    LIMITS,
    LIMITS.replaceAll('4194304', '16777217'),
    'error: bodies of up to 16777217 bytes are held back',
    '16777217 } } }',
  ],
  [
    'bodies that are not kept for a retry',
    'request_body_buffer_limit: 4194304',
    'request_body_buffer_limit: 1048576',
    'warning: a body of more than 1048576 bytes is signed but not kept',
    '1048576\n',
  ],
  [
    'bodies that are not kept, nothing being said of it',
    'request_body_buffer_limit: 4194304\n                ',
    '',
    'warning: a body of more than 1048576 bytes is signed but not kept',
    '{ cluster: internet, host_rewrite_literal: api.stripe.com',
  ],
];

describe('attache check, with a route that signs bodies', () => {
  it.each([
    ['as envoy.yaml says', SIGNING],
    ['with the payload unsigned', UNSIGNED],
    ['with the payload unsigned and without limits', edited(UNSIGNED, LIMITS, `${KEPT}\n`)],
    [
      'with limits on the virtual host',
      edited(
        edited(SIGNING, LIMITS, '\n'),
        'domains: [stripe.int,',
        `${LIMITS.trimEnd().replace('\n  ', '\n')}\n              domains: [stripe.int,`,
      ),
    ],
    [
      'with a listener that limits every body',
      edited(edited(SIGNING, BUFFER, '{}'), 'disabled: true\n            typed', 'disabled: false\n            typed'),
    ],
    ['with every mode allowed', edited(SIGNING, `allowed_override_modes: ${MODES}`, '')],
    [
      'with modes by their numbers',
      edited(
        SIGNING,
        MODES,
        '[{ response_header_mode: 2, request_body_mode: 2, request_trailer_mode: 1, responseTrailerMode: 2 }]',
      ),
    ],
  ])('finds nothing in it %s', async (_, text) => {
    expect(await findings(text)).toEqual([]);
  });

  it.each([...OPEN, ...CLOSED])('finds %s', async (_, from, to, problem, at) => {
    const text = edited(SIGNING, from, to);

    const found = await findings(text);

    expect(found).toEqual([expect.stringContaining(`${placeOf(text, at)}: ${problem}`)]);
  });

  it('finds headers of AWS that are not shown where only headers are signed', async () => {
    const found = await findings(edited(UNSIGNED, ', { prefix: x-amz- }', ''));

    expect(found).toEqual([expect.stringContaining('error: forward_rules keeps x-amz- headers from Attaché')]);
  });
});

describe('attache serve', () => {
  it.each(OPEN)('does not take a file that would send requests unsigned: %s', (_, from, to, problem) => {
    expect(() => parseCatalogue(FILE, edited(SIGNING, from, to))).toThrow(CatalogueError);
    expect(() => parseCatalogue(FILE, edited(GOOD, from, to))).toThrow(problem.replace('error: ', ''));
  });
});
