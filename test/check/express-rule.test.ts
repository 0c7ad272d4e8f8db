import { describe, expect, it } from 'vitest';
import { added } from '../add/support.ts';
import { findings, WHOLE } from './support.ts';

/** The repository's configuration with an integration in the express lane. */
const EXPRESS = added(WHOLE, 'resend', { lane: 'express' }).text;

function first(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`nothing to edit: ${from} is not there`);
  return result;
}

/** With another text in the cluster that is for the lane. */
function inCluster(from: string | RegExp, to: string): string {
  const at = EXPRESS.indexOf('- name: internet_express');
  return EXPRESS.slice(0, at) + first(EXPRESS.slice(at), from, to);
}

describe('attache check of the express lane', () => {
  it('finds nothing in what attache add writes', async () => {
    expect(await findings(EXPRESS)).toEqual([]);
  });

  it('finds nothing in an integration that could take it, and does not ask for it', async () => {
    expect(await findings(first(EXPRESS, '\n                      lane: express', ''))).toEqual([]);
  });

  it.each([
    ['a script that always says that the key is there', inCluster('if not METHODS', 'if METHODS')],
    ['a script that knows another method', inCluster('OPTIONS = true', 'OPTIONS = true, TRACE = true')],
    ['a script that does not look at the age', inCluster('os.time() >= it.expires or ', '')],
    ['an ext_proc filter that is left out for other requests too', inCluster('exact: express', 'prefix: ""')],
    [
      'an ext_proc filter that is asked about a part of them',
      inCluster(
        'typed_config: *asked }',
        'typed_config: *asked, sample_percent: { default_value: { numerator: 1 } } }',
      ),
    ],
    [
      'another filter in front of it',
      inCluster('        - name: express  ', '        - *answers\n        - name: express  '),
    ],
    ['no filter that takes what is pushed', inCluster('- name: pushed  ', '- name: drawn  ')],
  ])('refuses %s', async (_, text) => {
    expect(await findings(text)).toContainEqual(
      expect.stringContaining('error: cluster internet_express has no ext_proc filter that asks Attaché'),
    );
  });

  it('refuses a setting of the ext_proc filter that lets requests pass', async () => {
    const text = first(
      EXPRESS,
      'failure_mode_allow: false      # no answer',
      'failure_mode_allow: true      # no answer',
    );

    expect(await findings(text)).toContainEqual(expect.stringContaining('failure_mode_allow lets requests pass'));
  });

  it('refuses a route that goes where Attaché is asked about each request', async () => {
    const text = first(EXPRESS, 'cluster: internet_express, host', 'cluster: internet, host');

    expect(await findings(text)).toEqual([
      expect.stringContaining('error: integration resend has lane: express, and Envoy asks Attaché about each request'),
    ]);
  });

  it.each([
    ['another name', '{ name: "resend", sds_config', '{ name: "stripe", sds_config'],
    ['another header', 'header: "x-attache-pushed"', 'header: "authorization"'],
    [
      'a refusal of its own, which is not retried',
      'allow_request_without_credential: true',
      'allow_request_without_credential: false',
    ],
  ])('refuses a route that gets what is pushed under %s', async (_, from, to) => {
    expect(await findings(first(EXPRESS, from, to))).toEqual([
      expect.stringContaining('error: the settings of pushed are not those for integration resend and cluster attache'),
    ]);
  });

  it('refuses a route that does not get what is pushed', async () => {
    expect(await findings(first(EXPRESS, /^ *typed_per_filter_config: \{ pushed.*\n/m, ''))).toEqual([
      expect.stringContaining('error: this route does not say that Envoy gets what integration resend sends by itself'),
    ]);
  });

  it.each(['authorization', 'cookie'])('refuses a route on which a caller’s own %s stays', async (name) => {
    const without = new RegExp(`(?<=request_headers_to_remove: \\[x-attache-pushed[^\\]]*)\\b${name}, `);

    expect(await findings(first(EXPRESS, without, ''))).toEqual([
      expect.stringContaining(`error: a caller's own ${name} would reach the destination of integration resend`),
    ]);
  });

  it.each([
    ['that asks for the lane', EXPRESS],
    ['that does not, but goes that way', first(EXPRESS, '\n                      lane: express', '')],
  ])('refuses a route %s, to which a caller could say what is pushed', async (_, text) => {
    expect(await findings(text.replaceAll(/, x-attache-pushed|x-attache-pushed, /g, ''))).toEqual([
      expect.stringContaining("error: a caller's own x-attache-pushed would reach the destination"),
    ]);
  });
});
