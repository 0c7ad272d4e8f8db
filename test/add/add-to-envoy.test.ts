import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { checkText } from '../../src/check/check-file.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { added, difference, FILE, GOOD, WITHOUT_NAMES_OF_THE_CATALOGUE } from './support.ts';

const ALLOWED = /^ *allow_expression: \{ regex: "[^"]*" \}$/;

describe('adding an API of the catalogue to envoy.yaml', () => {
  it.each([...VENDORS.keys()])('%s: adds lines, changes no other, and is valid', async (name) => {
    const before = WITHOUT_NAMES_OF_THE_CATALOGUE;

    const { text, widened } = added(before, name);

    const { added: lines, changed } = difference(before, text);
    expect(lines.filter((line) => line !== '').every((line) => /^ {12}(?:- name: | {2})/.test(line))).toBe(true);
    expect(changed).toHaveLength(widened === undefined ? 0 : 1);
    for (const [old, now] of changed) {
      expect(old).toMatch(ALLOWED);
      expect(now).toBe(old.replace('" }', `|${widened?.headers.join('|')}" }`));
    }
    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('puts it behind the last one, as the others stand there', () => {
    const { text, line } = added(GOOD, 'resend');

    expect(text.split('\n').slice(line - 4, line + 13)).toEqual([
      '                      secret: prod/anthropic                # the key itself, no JSON',
      '                      headers: { x-api-key: "{{ . }}" }',
      '',
      '            - name: resend',
      '              domains: [resend.int, resend.int.localhost]',
      '              routes:',
      '              - match: { prefix: / }',
      '                route: { cluster: internet, host_rewrite_literal: api.resend.com, timeout: 0s, retry_policy: *fresh_secret_on_401 }',
      '                metadata:',
      '                  filter_metadata:',
      '                    attache:',
      '                      integration: resend',
      '                      secret: prod/resend  # {"api_key": "…"}',
      '                      bearer: "{{ api_key }}"',
      `            # ${'─'.repeat(105)}`,
      '',
      expect.stringContaining('local_reply_config:'),
    ]);
  });

  it('adds one after the other', async () => {
    let text = WITHOUT_NAMES_OF_THE_CATALOGUE;
    for (const name of ['datadog', 'openai', 'elevenlabs', 'mailgun', 'gitlab', 'postmark', 'gemini'])
      text = added(text, name).text;

    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('writes the retry policy out where the file has no anchor for it', async () => {
    const policy = /&fresh_secret_on_401/g;
    const before = GOOD.replace(policy, '&other').replaceAll('*fresh_secret_on_401', '*other');

    const { text } = added(before, 'resend');

    expect(text).toContain('retry_policy: { retry_on: retriable-status-codes, retriable_status_codes: [401]');
    expect(await checkText(FILE, text)).toEqual([]);
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

describe('adding to envoy.yaml is refused', () => {
  it.each([
    [
      'the integration exists',
      GOOD,
      'stripe',
      /integration stripe exists already \(envoy\.yaml:5\d\); give the new one another --name/,
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
    [
      'the virtual hosts stand in brackets',
      'virtual_hosts: [{ name: a, domains: [a.int], routes: [{ match: { prefix: / }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: a, secret: a, bearer: "{{ . }}" } } } }] }]',
      'resend',
      /the list at envoy\.yaml:1 stands in brackets.*--print/,
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
      GOOD.replace(
        /allow_expression: \{ regex: "([^"]*)" \}/,
        'allow_expression:\n                regex: |-\n                  $1',
      ),
      'elevenlabs',
      /Attaché may not write xi-api-key; add it to allow_expression\.regex \(envoy\.yaml:\d+\)/,
    ],
  ])('when %s', (_, text, name, message) => {
    const add = () => added(text, name);

    expect(add).toThrow(AddError);
    expect(add).toThrow(message);
  });
});
