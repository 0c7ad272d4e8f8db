import { describe, expect, it } from 'vitest';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { Injector } from '../../src/credentials/injector.ts';
import { examine } from '../../src/integrations/examine.ts';
import { atOnce, credential, version } from './support.ts';

const SECRET = '{"id":"me","key":"k1","token":"t1"}';

function injected(kinds: Record<string, unknown>, path = '/x?a=1', attempt = 1, secret = SECRET) {
  const injector = new Injector(
    'prod/x',
    Object.entries(kinds).map(([key, spec]) => credential(key, spec)),
  );
  const { set, remove } = atOnce(injector, version(secret), { path, attempt });
  return { set: set.map(({ name, value }) => `${name}: ${value}`), remove };
}

/** What is wrong with a file in which one integration has these kinds. */
function problemsOf(...kinds: string[]): string[] {
  const text = `integrations:\n- { integration: a, host: a.example, secret: prod/a, ${kinds.join(', ')} }\n`;
  return examine('list.yaml', text).problems.map(({ reason }) => reason);
}

describe('several kinds of credentials on one route', () => {
  it.each<[Record<string, unknown>, string[]]>([
    [{ bearer: '{{ token }}', query: { key: '{{ key }}' } }, ['authorization: Bearer t1', ':path: /x?a=1&key=k1']],
    [{ bearer: '{{ token }}', headers: { 'x-id': '{{ id }}' } }, ['authorization: Bearer t1', 'x-id: me']],
    [{ query: { key: '{{ key }}' }, path: '/bot{{ token }}' }, [':path: /bott1/x?a=1&key=k1']],
    [
      { headers: { 'x-id': '{{ id }}' }, path: '/{{ token }}', query: { a: '{{ key }}', b: '2' } },
      ['x-id: me', ':path: /t1/x?a=k1&b=2'],
    ],
  ])('%j all stand in the request, and :path is written once', (kinds, expected) => {
    expect(injected(kinds).set).toEqual(expected);
  });

  it('keep their places over further attempts', () => {
    const kinds = { path: '/bot{{ token }}', query: { key: '{{ key }}' }, headers: { 'x-id': '{{ id }}' } };
    const again = '{"id":"me2","key":"k2","token":"t2"}';

    expect(injected(kinds, '/x?a=1&key=k1', 2, again).set).toEqual(['x-id: me2', ':path: /bott2/x?a=1&key=k2']);
  });

  it("take the caller's own credentials away, but for what they write", () => {
    const { remove } = injected({ headers: { 'x-api-key': '{{ key }}' }, query: { key: '{{ key }}' } });

    expect(remove).toEqual(ALWAYS_STRIPPED.filter((name) => name !== 'x-api-key'));
  });

  it.each([
    [['bearer: "{{ a }}"', 'query: { key: "{{ b }}" }']],
    [['basic: { username: "{{ a }}" }', 'path: "/{{ b }}"']],
    [['headers: { x-a: "{{ a }}" }', 'query: { x-a: "{{ b }}" }']],
    [['github_app: {}', 'headers: { x-a: "{{ a }}" }']],
  ])('%j may stand together', (kinds) => {
    expect(problemsOf(...kinds)).toEqual([]);
  });

  it.each([
    [['bearer: "{{ a }}"', 'basic: { username: "{{ b }}" }'], 'bearer and basic both write authorization'],
    [['bearer: "{{ a }}"', 'headers: { Authorization: "{{ b }}" }'], 'bearer and headers both write authorization'],
    [['bearer: "{{ a }}"', 'github_app: {}'], 'bearer and github_app both write authorization'],
    [
      [
        'google_service_account: { audience: a }',
        'oauth2: { grant: client_credentials, token_url: "https://a.example/token" }',
      ],
      'google_service_account and oauth2 both write authorization',
    ],
    [
      ['bearer: "{{ a }}"', 'aws_sigv4: { service: sqs, region: eu-west-1 }'],
      'bearer and aws_sigv4 both write authorization',
    ],
    [
      ['headers: { x-amz-date: "{{ a }}" }', 'aws_sigv4: { service: sqs, region: eu-west-1 }'],
      'headers and aws_sigv4 both write x-amz-date',
    ],
  ])('%j may not, since they write the same', (kinds, problem) => {
    expect(problemsOf(...kinds)).toEqual([problem]);
  });
});
