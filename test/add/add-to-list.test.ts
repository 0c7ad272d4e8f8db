import { describe, expect, it } from 'vitest';
import { checkText } from '../../src/check/check-file.ts';
import { examine } from '../../src/integrations/examine.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { added, difference, FILE, optionsFor } from './support.ts';

const SHORT = `# mine
integrations:
# the first
- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" } # why

# the end`;

const LONG = `integrations:
  - integration: a
    host: a.example
    secret: prod/a
    bearer: "{{ . }}"

  - integration: b
    host: b.example
    secret: prod/b
    bearer: "{{ . }}"
`;

describe('adding to a plain list', () => {
  it.each([...VENDORS.keys()])('%s: adds lines, changes no other, and is valid', async (name) => {
    for (const before of [SHORT, LONG]) {
      const { text } = added(before, name, optionsFor(name));

      expect(difference(before, text).changed).toEqual([]);
      expect(await checkText(FILE, text)).toEqual([]);
    }
  });

  it('writes one line where the others are one line', () => {
    expect(added(SHORT, 'mailgun').text.split('\n').slice(3, 5)).toEqual([
      '- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" } # why',
      '- { integration: mailgun, host: api.mailgun.net, secret: prod/mailgun, basic: { username: "api", password: "{{ api_key }}" } }',
    ]);
  });

  it('writes several lines, and a blank one before, where the others do', () => {
    expect(added(LONG, 'resend', { secret: '2024/resend' }).text).toBe(`${LONG}
  - integration: resend
    host: api.resend.com
    secret: "2024/resend"
    bearer: "{{ api_key }}"
`);
  });

  it('ends the last line of a file that did not', () => {
    expect(added(LONG.trimEnd(), 'resend').text).toMatch(
      /prod\/b\n {4}bearer: "\{\{ \. \}\}"\n\n {2}- integration: resend\n/,
    );
  });

  it.each([
    ['integrations: []\n', 'integrations: ['],
    [
      `integrations: [{ integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }]\n`,
      `integrations: [{ integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }, `,
    ],
  ])('writes JSON into brackets: %j', (text, beginning) => {
    const { text: after } = added(text, 'resend');

    expect(after.startsWith(beginning)).toBe(true);
    expect(after.endsWith(text.slice(text.indexOf(']')))).toBe(true);
    expect(examine(FILE, after).catalogue.get('resend')).toMatchObject({ host: 'api.resend.com' });
  });

  it.each([
    ['integrations:\n', /envoy\.yaml has no list of integrations yet; paste what --print shows/],
    ['- a\n', /neither an Envoy configuration nor a list/],
    ['integrations: {\n', /no valid YAML/],
    [SHORT.replace('integration: a', 'integration: resend'), /integration resend exists already \(envoy\.yaml:4\)/],
  ])('is refused for %j', (text, message) => {
    expect(() => added(text, 'resend')).toThrow(message);
  });
});
