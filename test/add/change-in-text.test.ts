import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { changeInText, type Standing, standingIn } from '../../src/add/change-in-text.ts';
import { examineReadable } from '../../src/add/readable.ts';
import { checkText } from '../../src/check/check-file.ts';
import { examine } from '../../src/integrations/examine.ts';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { relaid } from './layouts.ts';
import { added, FILE, GOOD } from './support.ts';

const standing = (text: string, name: string) => standingIn(examineReadable(FILE, text), name);

/** The text in which an integration is another in these points. */
function changed(text: string, name: string, { host, secret, credential, ...rules }: Partial<Standing>) {
  const old = standing(text, name);
  const { callers, allow, keep, strip, redact } = { ...old, ...rules };
  return changeInText(FILE, text, name, {
    host: host ?? old.host,
    secret: secret ?? old.secret,
    credential: credential ?? old.credential,
    rules: { callers, allow, keep, strip, redact, lane: 'ext_proc' },
  });
}

/** The lines that differ, without their indentation. */
function lines(before: string, after: string): { gone: string[]; come: string[] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return {
    gone: old.filter((line) => !now.includes(line)).map((line) => line.trim()),
    come: now.filter((line) => !old.includes(line)).map((line) => line.trim()),
  };
}

describe('changing an integration in place', () => {
  it('rewrites the keys that are others, and leaves every other byte', async () => {
    const { text, isLive, widened } = changed(GOOD, 'stripe', {
      secret: 'team/stripe',
      credential: { bearer: '{{ key }}' },
      callers: ['10.0.0.0/8'],
      allow: ['GET /v1/**'],
    });

    expect(lines(GOOD, text)).toEqual({
      gone: [
        'secret: prod/stripe                   # in AWS Secrets Manager: {"api_key": "sk_live_…"}',
        'basic: { username: "{{ api_key }}" }',
      ],
      come: [
        'secret: team/stripe                   # in AWS Secrets Manager: {"api_key": "sk_live_…"}',
        'bearer: "{{ key }}"',
        'callers: ["10.0.0.0/8"]',
        'allow: ["GET /v1/**"]',
      ],
    });
    expect({ isLive, widened }).toEqual({ isLive: true, widened: undefined });
    expect(await checkText(FILE, text)).toEqual([]);
    expect(standing(text, 'stripe')).toMatchObject({ secret: 'team/stripe', callers: ['10.0.0.0/8'] });
    // And back.
    expect(changed(text, 'stripe', standing(GOOD, 'stripe')).text).toBe(GOOD);
  });

  it('changes nothing where nothing is another', () => {
    expect(changed(GOOD, 'openai', {}).text).toBe(GOOD);
  });

  it('tells behind the secret what it must hold, where attache add told it', () => {
    const { text } = added(GOOD, 'resend');

    expect(changed(text, 'resend', { credential: { bearer: '{{ token }}' } }).text).toContain(
      'secret: prod/resend  # {"token": "…"}',
    );
  });

  it('pins another host', () => {
    const { text } = changed(GOOD, 'openai', { host: 'eu.api.openai.com' });

    expect(lines(GOOD, text).come).toEqual([
      expect.stringContaining('host_rewrite_literal: eu.api.openai.com, timeout'),
    ]);
  });

  it('switches the filter that takes the key out of responses on and off', () => {
    const { text } = changed(GOOD, 'openai', { redact: true });

    expect(lines(GOOD, text).come.toSorted()).toEqual([
      'redact: true',
      expect.stringMatching(/^typed_per_filter_config: \{ redact: \{ "@type": .* \} \}$/),
    ]);
    expect(examine(FILE, text).problems).toEqual([]);
    expect(changed(text, 'openai', { redact: false }).text).toBe(GOOD);
  });

  it('lets Attaché write a header, and takes that back', () => {
    const { text, widened } = changed(GOOD, 'openai', { credential: { headers: { 'x-mine': '{{ . }}' } } });

    expect(widened?.headers).toEqual(['x-mine']);
    expect(text).toContain('|x-mine"');
    expect(changed(text, 'openai', { credential: { bearer: '{{ api_key }}' } }).text).toBe(GOOD);
  });

  it('keeps the items of a list that stay, with their comments', () => {
    const tall = GOOD.replace(
      'bearer: "{{ api_key }}"\n',
      'bearer: "{{ api_key }}"\n                      callers:\n                      - 10.1.0.0/16      # the build machines\n                      - 10.2.0.0/16\n',
    );

    const { text } = changed(tall, 'openai', { callers: ['10.1.0.0/16', '10.3.0.0/16'] });

    expect(lines(tall, text)).toEqual({ gone: ['- 10.2.0.0/16'], come: ['- "10.3.0.0/16"'] });
    expect(changed(tall, 'openai', { callers: [] }).text).toBe(GOOD);
  });

  it.each([
    [
      'hyphens',
      'integrations:\n- integration: a   # mine\n  host: a.example\n  secret: prod/a\n  bearer: "{{ . }}"\n- { integration: b, host: b.example, secret: prod/b, bearer: "{{ . }}" }\n',
    ],
    ['brackets', 'integrations:\n- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }   # mine\n'],
    ['JSON', '{"integrations":[{"integration":"a","host":"a.example","secret":"prod/a","bearer":"{{ . }}"}]}'],
  ])('does so in a plain list, in %s', (_, before) => {
    const other = { host: 'c.example', credential: { query: { key: '{{ . }}' } }, callers: ['10.0.0.0/8'] };

    const { text } = changed(before, 'a', other);

    expect(standing(text, 'a')).toMatchObject(other);
    // Keys have no order, and the new one stands at the end.
    const back = changed(text, 'a', { ...standing(before, 'a') }).text;
    expect(examine(FILE, back).description).toEqual(examine(FILE, before).description);
  });

  it.each([
    ['nobody', {}, /has no integration named "nobody"/],
    [
      'openai',
      { credential: { aws_sigv4: { service: 's3', region: 'eu-west-1' } } },
      /remove this integration and set it up anew/,
    ],
  ] as const)('refuses what it cannot do: %s', (name, change, message) => {
    expect(() => changed(GOOD, name, change)).toThrow(message);
  });

  it('in whatever layout, makes of the file what was meant or refuses', () => {
    const meant: Partial<Standing> = {
      secret: 'team/b',
      credential: { headers: { 'x-api-key': 'k {{ a }}' } },
      callers: ['10.0.0.0/8'],
      allow: ['GET /v1/**'],
      redact: true,
    };
    let done = 0;
    fc.assert(
      fc.property(relaid, (layout) => {
        const before = layout(SMALL);
        if (examine(FILE, before).problems.length > 0) return;
        try {
          const { text } = changed(before, 'b', meant);
          expect(standing(text, 'b')).toMatchObject(meant);
          for (const other of ['a', 'c']) expect(standing(text, other)).toEqual(standing(before, other));
          done += 1;
        } catch (error) {
          if (!(error instanceof AddError || error instanceof CatalogueError)) throw error;
        }
      }),
      { numRuns: 40 },
    );
    expect(done).toBeGreaterThan(3);
  });
});

/** Routes as RDS has them, a block in each. */
const SMALL = [
  'virtual_hosts:',
  ...['a', 'b', 'c'].map((name) =>
    [
      `- name: ${name}`,
      `  domains: [${name}.int]`,
      '  routes:',
      '  - match: { prefix: / }',
      `    route: { cluster: internet, host_rewrite_literal: ${name}.example }   # there`,
      '    metadata:',
      '      filter_metadata:',
      '        attache:',
      `          integration: ${name}`,
      `          secret: prod/${name}   # {"key": "…"}`,
      '          bearer: "{{ key }}"',
      '          callers:',
      '          - 10.1.0.0/16   # the build machines',
    ].join('\n'),
  ),
].join('\n');
