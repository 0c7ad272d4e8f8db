import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { checkText } from '../../src/check/check-file.ts';
import { examine } from '../../src/integrations/examine.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { added, difference, FILE, GOOD, optionsFor, WITHOUT_NAMES_OF_THE_CATALOGUE } from './support.ts';

/** All that an integration may have removed, in an expression that Envoy takes without being told to. */
const SHORT = '[^:]*(auth.*|cookie|key|token|[^a-z0-9:-].*)|:path|content-type|retry-after|x-attache-error';

const ALLOWED = /^ *allow_expression: \{ regex: "[^"]*" \}$/;

describe('adding an API of the catalogue to envoy.yaml', () => {
  it('adds lines, changes no other but what Attaché may write, and is valid, whichever it is', async () => {
    const before = WITHOUT_NAMES_OF_THE_CATALOGUE;
    const headers = new Set<string>();
    const blocks = new Map<number, string[]>();

    for (const name of VENDORS.keys()) {
      const { text, widened } = added(before, name, optionsFor(name));
      const { at, added: lines, changed } = difference(before, text);
      expect(
        lines.filter((one) => !/^$|^ {12}(?:- name: | {2})/.test(one)),
        name,
      ).toEqual([]);
      expect(changed, name).toHaveLength(widened === undefined ? 0 : 1);
      for (const [old, now] of changed) {
        expect(old).toMatch(ALLOWED);
        expect(now).toBe(old.replace('" }', `|${widened?.headers.join('|')}" }`));
      }
      for (const header of widened?.headers ?? []) headers.add(header);
      blocks.set(at, [...(blocks.get(at) ?? []), ...lines]);
    }

    // Checked together: the rules look at each integration by itself, and most of the time goes into reading the file.
    expect(blocks.size).toBe(1);
    const lines = before
      .split('\n')
      .map((one) => (ALLOWED.test(one) ? one.replace('" }', `|${[...headers].join('|')}" }`) : one));
    for (const [at, block] of blocks) lines.splice(at, 0, ...block);
    expect(await checkText(FILE, lines.join('\n'))).toEqual([]);
  });

  it('puts it behind the last one, as the others stand there', () => {
    const { text, line } = added(GOOD, 'resend');

    expect(text.split('\n').slice(line - 4, line + 14)).toEqual([
      '                      secret: prod/anthropic                # the key itself, no JSON',
      '                      headers: { x-api-key: "{{ . }}" }',
      '',
      '            - name: resend',
      '              domains: [resend.int, resend.int.localhost]',
      '              routes:',
      '              - match: { prefix: / }',
      '                route: { cluster: internet, host_rewrite_literal: api.resend.com, timeout: 0s, retry_policy: *fresh_secret_on_401 }',
      '                request_body_buffer_limit: 16777216',
      '                metadata:',
      '                  filter_metadata:',
      '                    attache:',
      '                      integration: resend',
      '                      secret: prod/resend  # {"api_key": "…"}',
      '                      bearer: "{{ api_key }}"',
      `            # ${'─'.repeat(105)}`,
      '',
      expect.stringContaining('- name: egress'),
    ]);
  });

  it('gives the route what signing needs: whole bodies, and a second attempt after a 403', () => {
    const { text, line, widened } = added(GOOD, 'aws-sqs', { region: 'eu-west-1' });

    expect(text.split('\n').slice(line + 1, line + 13)).toEqual([
      '              routes:',
      '              - match: { prefix: / }',
      '                route: { cluster: internet, host_rewrite_literal: sqs.eu-west-1.amazonaws.com, timeout: 0s, retry_policy: { retry_on: "retriable-status-codes,reset-before-request,connect-failure,refused-stream", retriable_status_codes: [401, 403], num_retries: 3, retry_back_off: { base_interval: 0.001s, max_interval: 0.05s } } }',
      '                request_body_buffer_limit: 4194304',
      '                typed_per_filter_config: { whole_body: { "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute, buffer: { max_request_bytes: 4194304 } } }',
      '                metadata:',
      '                  filter_metadata:',
      '                    attache:',
      '                      integration: aws-sqs',
      '                      secret: prod/aws-sqs  # {"access_key_id": "…", "secret_access_key": "…"}',
      '                      aws_sigv4: { service: sqs, region: eu-west-1 }',
      `            # ${'─'.repeat(105)}`,
    ]);
    // What it takes is allowed from the start, so that Envoy needs no restart.
    expect(widened).toBeUndefined();
  });

  it('signs for a service of AWS that is not in the catalogue, with bodies as large as is asked for', async () => {
    const options = { target: 'https://glue.eu-west-1.amazonaws.com', awsSigv4: 'glue:eu-west-1', maxBody: '8MiB' };
    const { text } = added(GOOD, 'glue', options);

    expect(text).toContain('aws_sigv4: { service: glue, region: eu-west-1 }');
    expect(text).toContain('retriable_status_codes: [401, 403]');
    expect(text).toContain('request_body_buffer_limit: 8388608\n');
    expect(text).toContain('buffer: { max_request_bytes: 8388608 }');
    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('writes what else the API takes as a credential', () => {
    expect(added(GOOD, 'gemini').text).toContain('                      strip: [query:key]\n');
  });

  it('holds no body back that is not signed', () => {
    const { text } = added(GOOD, 'aws-s3', { region: 'eu-west-1' });

    expect(text).toContain('aws_sigv4: { service: s3, region: eu-west-1, payload: unsigned }');
    expect(text).not.toContain('BufferPerRoute');
  });

  it('takes the buffer filter by the name that it has', () => {
    const { text } = added(GOOD.replace('- name: whole_body', '- name: held'), 'aws-sqs', { region: 'eu-west-1' });

    expect(text).toContain('typed_per_filter_config: { held: ');
  });

  it.each(['telegram', 'openweathermap'])('lets Attaché write the path for %s', (name) => {
    const { text, widened } = added(GOOD.replace('|:path|', '|'), name);

    expect(widened?.headers).toEqual([':path']);
    expect(text).toContain('|x-attache-error|:path" }');
  });

  it('adds one after the other', async () => {
    let text = WITHOUT_NAMES_OF_THE_CATALOGUE;
    for (const name of ['datadog', 'telegram', 'openai', 'github-git', 'aws-sqs', 'twitch', 'aws-s3', 'serpapi'])
      text = added(text, name, optionsFor(name)).text;

    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('writes the retry policy out where the file has no anchor for it', async () => {
    const policy = /&fresh_secret_on_401/g;
    const before = GOOD.replace(policy, '&other').replaceAll('*fresh_secret_on_401', '*other');

    const { text } = added(before, 'resend');

    expect(text).toContain(
      'retry_policy: { retry_on: "retriable-status-codes,reset-before-request,connect-failure,refused-stream", retriable_status_codes: [401]',
    );
    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('is found to make allow_expression too long where Envoy was not told to take more', async () => {
    const before = WITHOUT_NAMES_OF_THE_CATALOGUE.replace(/\n *re2\.max_program_size.*/, '').replace(
      /(?<=allow_expression: \{ regex: ")[^"]*/,
      SHORT,
    );
    expect(await checkText(FILE, before)).toEqual([]);

    const { text } = added(before, 'aws-sqs', { region: 'eu-west-1' });

    expect(await checkText(FILE, text)).toEqual([
      expect.objectContaining({
        severity: 'error',
        reason: expect.stringMatching(/^Envoy does not start with a regular expression/),
      }),
    ]);
  });

  it('keeps line ends of two characters', () => {
    const before = GOOD.replaceAll('\n', '\r\n');

    const { text } = added(before, 'elevenlabs');

    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text.replaceAll('\r\n', '\n')).toBe(added(GOOD, 'elevenlabs').text);
  });

  it('leaves comments that belong to the last one with it', () => {
    const last = '                      headers: { x-api-key: "{{ . }}" }\n';
    const comment = '                      # replicas: [eu-west-1]\n';

    const { text } = added(GOOD.replace(last, last + comment), 'resend');

    expect(text).toContain(`${last}${comment}\n            - name: resend`);
  });
});

describe('adding to virtual hosts in brackets', () => {
  const HOST =
    '{ name: a, domains: [a.int], routes: [{ match: { prefix: / }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: a, secret: a, bearer: "{{ . }}" } } } }] }';

  it('writes it as JSON, which is YAML too', () => {
    const before = `virtual_hosts: [${HOST}] # all of them\n`;

    const { text } = added(before, 'resend');

    expect(text.startsWith(`virtual_hosts: [${HOST}, { "name": "resend", "domains": [ "resend.int"`)).toBe(true);
    expect(text.endsWith('] # all of them\n')).toBe(true);
    expect([...examine(FILE, text).catalogue].map(({ name }) => name)).toEqual(['a', 'resend']);
  });
});

describe('adding to envoy.yaml is refused', () => {
  it.each([
    [
      'the integration exists',
      GOOD,
      'stripe',
      /integration stripe exists already \(envoy\.yaml:\d+\); give the new one another --name/,
    ],
    [
      'a virtual host has the name',
      GOOD.replace('- name: stripe', '- name: resend'),
      'resend',
      /a virtual host resend exists already \(envoy\.yaml:\d+\)/,
    ],
    [
      'a virtual host has the domain',
      GOOD.replace('[stripe.int,', '[resend.int,'),
      'resend',
      /the domain resend\.int exists already \(envoy\.yaml:\d+\)/,
    ],
    ['there are no virtual hosts', 'static_resources: {}', 'resend', /has no virtual_hosts/],
    [
      'integrations go to a cluster for one host',
      GOOD.replace('dynamic_forward_proxy.v3.ClusterConfig', 'other.v3.Other'),
      'resend',
      /--cluster/,
    ],
    [
      'the headers that may be written stand in a block of text',
      GOOD.replace('|xi-api-key', '').replace(
        /allow_expression: \{ regex: "([^"]*)" \}/,
        'allow_expression:\n                regex: |-\n                  $1',
      ),
      'elevenlabs',
      /Attaché may not write xi-api-key; add it to allow_expression\.regex \(envoy\.yaml:\d+\)/,
    ],
    [
      'bodies are signed, and nothing holds them back',
      GOOD.replace(/ {10}- name: whole_body[\s\S]*?4194304 \}\n/, ''),
      'aws-sqs',
      /signed over their whole body, and the listener at envoy\.yaml:\d+ has no filter that holds them back; copy the filter whole_body/,
    ],
    [
      'bodies are signed, and Attaché may not ask for them',
      GOOD.replace('allow_mode_override: true ', 'allow_mode_override: false'),
      'aws-sqs',
      /signed over their whole body, and the filter attache \(envoy\.yaml:\d+\) does not let Attaché ask for it; copy allow_mode_override/,
    ],
  ])('when %s', (_, text, name, message) => {
    const add = () => added(text, name, optionsFor(name));

    expect(add).toThrow(AddError);
    expect(add).toThrow(message);
  });
});
