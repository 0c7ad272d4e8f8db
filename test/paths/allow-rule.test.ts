import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllowRuleError, matches, parseAllowRule } from '../../src/paths/allow-rule.ts';
import { ambiguousPaths } from './ambiguous-paths.ts';
import { asBytes } from './support.ts';

const rules = (...texts: string[]) => texts.map(parseAllowRule);
const guarded = rules('GET /v1/charges/*', 'GET /v1/public/**');

describe('allow rules', () => {
  it.each<[rule: string, method: string, path: string, allowed: boolean]>([
    ['GET /v1/**', 'GET', '/v1', true],
    ['GET /v1/**', 'GET', '/v1/', true],
    ['GET /v1/**', 'GET', '/v1/a/b/c', true],
    ['GET /v1/**', 'GET', '/v1x', false],
    ['GET /v1/**', 'GET', '/', false],
    ['GET /v1/**', 'GET', '/v2/v1/a', false],
    ['GET /v1/**', 'HEAD', '/v1/a', false],
    ['GET /v1/**', 'get', '/v1/a', false],
    ['GET /v1/**', 'POST', '/v1/a', false],
    ['GET /v1/**', '', '/v1/a', false],
    ['HEAD /v1/**', 'HEAD', '/v1/a', true],
    ['POST /v1/customers', 'POST', '/v1/customers', true],
    ['POST /v1/customers', 'POST', '/v1/customers?a=b', true],
    ['POST /v1/customers', 'POST', '/v1/customers/', false],
    ['POST /v1/customers', 'POST', '/v1/customers/1', false],
    ['POST /v1/customers', 'POST', '/v1/Customers', false],
    ['POST /v1/customers/', 'POST', '/v1/customers/', true],
    ['POST /v1/customers/', 'POST', '/v1/customers', false],
    ['* /v1/*/charges', 'DELETE', '/v1/acct_1/charges', true],
    ['* /v1/*/charges', 'PROPFIND', '/v1/acct_1/charges', true],
    ['* /v1/*/charges', 'GET', '/v1/charges', false],
    ['* /v1/*/charges', 'GET', '/v1/a/b/charges', false],
    ['GET /v1/charges/*', 'GET', '/v1/charges/ch_1', true],
    ['GET /v1/charges/*', 'GET', '/v1/charges/', false],
    ['GET /v1/charges/*', 'GET', '/v1/charges', false],
    ['GET /v1/charges/*', 'GET', '/v1/charges/ch_1/', false],
    ['GET /v1/*/**', 'GET', '/v1/a', true],
    ['GET /v1/*/**', 'GET', '/v1/a/b', true],
    ['GET /v1/*/**', 'GET', '/v1/', false],
    ['GET /', 'GET', '/', true],
    ['GET /', 'GET', '/a', false],
    ['GET /*', 'GET', '/a', true],
    ['GET /*', 'GET', '/', false],
    ['GET /**', 'GET', '/', true],
    ['GET /**', 'GET', '/a/b/', true],
    ['GET /a%2A', 'GET', '/a*', true],
    ['GET /a%2A', 'GET', '/ab', false],
    ['GET /%2A', 'GET', '/a', false],
    ['GET /my%20file', 'GET', '/my%20file', true],
    ['GET /café', 'GET', '/caf%C3%A9', true],
    ['  GET   /v1/x ', 'GET', '/v1/x', true],
  ])('%s of %s %s: %s', (rule, method, path, allowed) => {
    expect(matches(rules(rule), method, path)).toBe(allowed);
  });

  it('allow what any of them allows', () => {
    const two = rules('GET /a', 'POST /b');

    expect([matches(two, 'GET', '/a'), matches(two, 'POST', '/b')]).toEqual([true, true]);
    expect([matches(two, 'POST', '/a'), matches(two, 'GET', '/b')]).toEqual([false, false]);
  });

  it('allow nothing when there are none', () => {
    expect(matches([], 'GET', '/')).toBe(false);
  });

  it.each<[spelling: string, path: string]>([
    ['as written', '/v1/charges/ch_1'],
    ['with a query', '/v1/charges/ch_1?expand[]=a&b=/../x'],
    ['with an empty query', '/v1/charges/ch_1?'],
    ['with a fragment in the query', '/v1/charges/ch_1?a#b'],
    ['an escaped letter', '/v1/%63harges/ch_1'],
    ['an escape in small letters', '/v1/charges/%6a'],
    ['an escape in capitals', '/v1/charges/%6A'],
    ['a capital letter escaped', '/v1/charges/%41'],
    ['all letters escaped', '/%76%31/%63%68%61%72%67%65%73/%31'],
    ['an escaped blank', '/v1/charges/a%20b'],
    ['a plus sign', '/v1/charges/a+b'],
    ['Unicode', '/v1/charges/%E2%98%83'],
    ['Unicode in small escapes', '/v1/charges/%e2%98%83'],
    ['Unicode in raw bytes', '/v1/charges/\xe2\x98\x83'],
    ['a tilde', '/v1/charges/~a'],
    ['an escaped tilde', '/v1/charges/%7Ea'],
    ['an at sign', '/v1/charges/a@b.example'],
    ['an escaped at sign', '/v1/charges/a%40b.example'],
    ['colons', '/v1/charges/urn:x:1'],
    ['an escaped colon', '/v1/charges/urn%3Ax'],
    ['a dot within', '/v1/charges/report.csv'],
    ['a dot first', '/v1/charges/.hidden'],
    ['dots within', '/v1/charges/a...b'],
    ['sub-delimiters', "/v1/charges/!$&'()*+,="],
    ['a percent sign', '/v1/charges/100%25'],
    ['a comma', '/v1/charges/1,2'],
    ['brackets and braces', '/v1/charges/[{a}]'],
    ['a slash at the end, where anything may follow', '/v1/public/'],
    ['nothing where anything may follow', '/v1/public'],
    ['many segments', '/v1/public/a/b/c/d/e'],
    ['an e-mail address below', '/v1/public/a/b@c.example/d'],
  ])('let a legitimate path pass: %s', (_, path) => {
    expect(matches(guarded, 'GET', path)).toBe(true);
  });

  it.each(ambiguousPaths)('refuse %s: %j', (_, path) => {
    expect(matches(guarded, 'GET', path)).toBe(false);
    expect(matches(rules('* /**'), 'GET', path)).toBe(false);
  });

  it.each<[trick: string, method: string, path: string]>([
    ['the forbidden path itself', 'GET', '/v1/admin'],
    ['a slash at the end', 'GET', '/v1/charges/'],
    ['an extra segment', 'GET', '/v1/charges/a/refund'],
    ['an extra slash behind an id', 'GET', '/v1/charges/a/'],
    ['a longer name', 'GET', '/v1/publicity'],
    ['a longer name, escaped', 'GET', '/v1/public%2dadmin'],
    ['another case', 'GET', '/V1/PUBLIC/a'],
    ['another case of one letter, escaped', 'GET', '/v1/%50ublic/a'],
    ['the allowed path in a query', 'GET', '/v1/admin?/v1/public/a'],
    ['the allowed path behind another', 'GET', '/v1/admin/v1/public/a'],
    ['a blank behind a name', 'GET', '/v1/public%20/a'],
    ['a dot behind a name', 'GET', '/v1/public./a'],
    ['a letter that looks alike', 'GET', '/v1/%D1%80ublic/a'],
    ['a fullwidth letter', 'GET', '/v1/%EF%BD%90ublic/a'],
    ['an invisible character in a name', 'GET', '/v1/pub%E2%80%8Blic/a'],
    ['the Kelvin sign for a letter', 'GET', '/v1/public%E2%84%AA'],
    ['a literal asterisk for a name', 'GET', '/v1/**/a'],
    ['a slash before the version missing', 'GET', '/v1public/a'],
    ['a method not allowed', 'POST', '/v1/charges/a'],
    ['HEAD for GET', 'HEAD', '/v1/public/a'],
    ['a method in small letters', 'get', '/v1/public/a'],
    ['a method with a blank', 'GET ', '/v1/public/a'],
    ['an unknown method', 'GETT', '/v1/public/a'],
    ['an asterisk for a method', '*', '/v1/public/a'],
    ['no method', '', '/v1/public/a'],
  ])('refuse %s: %s %s', (_, method, path) => {
    expect(matches(guarded, method, path)).toBe(false);
  });

  const names = fc.constantFrom('a', 'b', 'a b', 'é', 'a.b', '+', '(', '$', '^', '|');
  const ruleTexts = fc
    .tuple(
      fc.constantFrom('GET', 'POST', '*'),
      fc.array(fc.oneof(names, fc.constant('*')), { maxLength: 4 }),
      fc.constantFrom('', '/', '/**'),
    )
    .filter(([, segments, end]) => segments.length > 0 || end !== '')
    .map(([method, segments, end]) => ({ method, segments, end }));
  const requests = fc
    .tuple(fc.constantFrom('GET', 'POST', 'HEAD'), fc.array(names, { maxLength: 6 }), fc.constantFrom('', '/'))
    .map(([method, segments, end]) => ({ method, path: `${segments.map((it) => `/${it}`).join('')}${end}` || '/' }));

  it('decide as a regular expression does', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(fc.array(ruleTexts, { maxLength: 5 }), requests, (set, { method, path }) => {
        const literally = (text: string) => text.replace(/[^\p{L}]/gu, '\\$&');
        const sources = set.map(
          (rule) =>
            `(?:${rule.method === '*' ? '\\S+' : rule.method} ${rule.segments
              .map((it) => (it === '*' ? '/[^/]+' : `/${literally(it)}`))
              .join('')}${rule.end === '/**' ? '(?:/.*)?' : rule.end})`,
        );
        const expected = new RegExp(`^(?:${sources.join('|') || '(?!)'})$`, 's').test(`${method} ${path}`);
        const texts = set.map(
          (rule) =>
            `${rule.method} ${rule.segments.map((it) => `/${it === '*' ? it : encodeURIComponent(it)}`).join('')}${rule.end}`,
        );
        seen[`${expected}`] += 1;

        expect(matches(rules(...texts), method, asBytes(path.replaceAll(' ', '%20')))).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(1_000);
  });
});

describe('a rule', () => {
  it('keeps its text', () => {
    expect(parseAllowRule('* /v1/*/b/**')).toEqual({
      text: '* /v1/*/b/**',
      method: undefined,
      segments: ['v1', undefined, 'b'],
      open: true,
    });
  });

  it.each([
    ['', /has no path/, /GET \/v1/],
    ['GET', /has no path/, /GET \/v1/],
    ['*', /has no path/, /GET \/v1/],
    ['/v1/**', /names no method/, /"GET \/v1\/\*\*"/],
    ['get /v1', /small letters/, /"GET \/v1"/],
    ['Get /v1', /small letters/, /"GET \/v1"/],
    ['GTE /v1', /GTE, which there is not/, /GET, POST/],
    ['BREW /v1', /which there is not/, /GET, POST/],
    ['CONNECT /v1', /never allowed/, /take the rule out/],
    ['TRACE /v1', /never allowed/, /take the rule out/],
    ['track /v1', /never allowed/, /take the rule out/],
    ['GET,HEAD /v1', /several methods/, /a rule for each/],
    ['GET|HEAD /v1', /several methods/, /a rule for each/],
    ['GET v1', /begin with \//, /without scheme and host/],
    ['GET *', /begin with \//, /without scheme and host/],
    ['GET https://api.example.com/v1', /begin with \//, /without scheme and host/],
    ['GET /v1?a=b', /query/, /leave out/],
    ['GET /v1/**/a', /before its end/, /at the end/],
    ['GET /**/a/**', /before its end/, /at the end/],
    ['GET /**/', /before its end/, /at the end/],
    ['GET /v1/ch_*', /beside other characters/, /%2A/],
    ['GET /v1/***', /beside other characters/, /%2A/],
    ['GET /v1//a', /more than one way/, /empty/],
    ['GET //**', /more than one way/, /empty/],
    ['GET /v1//**', /more than one way/, /empty/],
    ['GET /v1/../a', /more than one way/, /dot segments/],
    ['GET /v1/%2e%2e/a', /more than one way/, /dot segments/],
    ['GET /v1/a%2Fb', /more than one way/, /escaped/],
    ['GET /v1/a%252Fb', /more than one way/, /escaped/],
    ['GET /v1/a\\b', /more than one way/, /backslashes/],
    ['GET /v1/a;b', /more than one way/, /semicolons/],
    ['GET /v1/a#b', /more than one way/, /#/],
    ['GET /v1/my file', /more than one way/, /%20/],
    ['GET /v1/100%', /more than one way/, /%25/],
    ['GET /v1/%FF', /more than one way/, /escaped/],
    ['GET /v1/a\nb', /more than one way/, /escaped/],
  ])('%j is an error that names the reason and the mend', (text, reason, mend) => {
    const thrown = (() => {
      try {
        return parseAllowRule(text);
      } catch (error) {
        return error;
      }
    })();

    expect(thrown).toBeInstanceOf(AllowRuleError);
    expect((thrown as AllowRuleError).message).toMatch(reason);
    expect((thrown as AllowRuleError).mend).toMatch(mend);
  });
});
