import { describe, expect, it } from 'vitest';
import { askedAt } from '../../src/discovery/asked-at.ts';
import { curlLine } from '../../src/discovery/curl-line.ts';
import { listingOf } from '../../src/discovery/listing.ts';
import { discoveryPage } from '../../src/discovery/page.ts';
import { pagesOf } from '../../src/discovery/pages.ts';
import { catalogueOf, virtualHost } from './support.ts';

const bearer = { bearer: '{{ . }}' };

/** What is told of the first integration of these virtual hosts, to whoever asks there. */
function told(virtualHosts: readonly object[], authority = 'attache.int', scheme = 'http') {
  const [integration] = catalogueOf(virtualHosts);
  if (integration === undefined) throw new Error('no integration');
  return listingOf({ integration, by: 'anyone' }, askedAt(authority, scheme));
}

describe('the base URLs of an integration', () => {
  const names = ['API.int', 'api.int.localhost', 'api.int:*', '*.wild.int', 'api.example.com:8443'];
  const hosts = [virtualHost('api', bearer, {}, names)];

  it.each([
    ['attache.int', 'http', 'http://api.int', ''],
    ['attache.int:8080', 'http', 'http://api.int:8080', ':8080'],
    ['attache.int.localhost:8080', 'http', 'http://api.int.localhost:8080', ':8080'],
    ['attache.int.localhost', 'https', 'https://api.int.localhost', ''],
    ['attache.int:443', 'https', 'https://api.int:443', ':443'],
  ])('asked for at %s over %s, begin with %s', (authority, scheme, first, port) => {
    const { baseUrls } = told(hosts, authority, scheme);

    expect(baseUrls[0]).toBe(first);
    expect([...baseUrls].sort()).toEqual(
      ['api.int', 'api.int.localhost', '*.wild.int']
        .map((name) => `${scheme}://${name}${port}`)
        .concat(`${scheme}://api.example.com:8443`)
        .sort(),
    );
    expect(baseUrls.at(-1)).toContain('*');
  });

  it('have the prefix that a route takes away', () => {
    const route = { cluster: 'internet', host_rewrite_literal: 'api.example.com', prefix_rewrite: '/' };

    expect(told([virtualHost('api', bearer, { match: { prefix: '/api/' }, route })])).toMatchObject({
      baseUrls: ['http://api.int/api'],
    });
  });

  it('come with the paths of the routes, when these are not all', () => {
    const admin = { match: { prefix: '/admin' } };
    const partly = virtualHost('api', bearer, { match: { safe_regex: { regex: '/v[12]/.*' } } });

    expect(told([virtualHost('api', bearer, admin)])).toMatchObject({ only: ['prefix /admin'] });
    expect(told([partly])).toMatchObject({ only: ['regex /v[12]/.*'] });
    expect(told([virtualHost('api', bearer)])).not.toHaveProperty('only');
  });

  it('are those of every route that names it', () => {
    const other = virtualHost('api', bearer, {
      metadata: { filter_metadata: { attache: { integration: 'api' } } },
    });

    expect(told([virtualHost('api', bearer), { ...other, name: 'other', domains: ['other.int'] }])).toMatchObject({
      baseUrls: ['http://api.int', 'http://other.int'],
    });
  });
});

describe('the curl line', () => {
  it.each([
    [{}, 'curl http://api.int/'],
    [{ allow: ['GET /v1/**'] }, 'curl http://api.int/v1/'],
    [{ allow: ['POST /v1/customers', 'GET /v1/**'] }, 'curl -X POST http://api.int/v1/customers'],
    [{ allow: ['HEAD /v1/customers'] }, 'curl -I http://api.int/v1/customers'],
    [{ allow: ['* /v1/*/parts'] }, 'curl http://api.int/v1/'],
    [{ allow: ["GET /it's/$HOME/`x`"] }, `curl 'http://api.int/it'\\''s/$HOME/\`x\`'`],
  ])('for %j is %s', (block, line) => {
    expect(curlLine(told([virtualHost('api', { ...bearer, ...block })]))).toBe(line);
  });

  it('is missing where there is only a wildcard to call', () => {
    expect(curlLine(told([virtualHost('api', bearer, {}, ['*'])]))).toBeUndefined();
  });
});

describe('the page', () => {
  it('escapes what comes from the configuration and from the caller', () => {
    const allow = ['GET /<script>alert(1)'];
    const listing = told([virtualHost('api', { ...bearer, allow }, {}, ['"<img>.int'])]);
    const page = discoveryPage({
      caller: { name: '<b>&"', knownBy: ['address'] },
      integrations: [listing],
      complete: true,
      notes: ['<i>note</i>'],
      page: 2,
      pages: 3,
      next: '/?page=3',
    });

    expect(page).not.toMatch(/<script|<img|<b>&"|<i>note/);
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('<a href="/?page=1" rel="prev">');
    expect(page).toContain('<a href="/?page=3" rel="next">');
  });
});

describe('pages', () => {
  it('hold what fits, in its order, and a larger item alone', () => {
    const items = ['aa', 'bb', 'c'.repeat(20), 'dd'];

    expect(pagesOf(items, 8)).toEqual([['aa', 'bb'], ['c'.repeat(20)], ['dd']]);
    expect(pagesOf([], 8)).toEqual([[]]);
  });
});

describe('the client libraries of an integration', () => {
  const at = (host: string, name: string) => {
    const route = { cluster: 'internet', host_rewrite_literal: host };
    return told([virtualHost(name, bearer, { route })], 'attache.int:8080').libraries ?? [];
  };

  it.each([
    ['api.openai.com', 'openai', 'export OPENAI_BASE_URL=http://openai.int:8080/v1    # openai for Python'],
    ['api.openai.com', 'mine', 'export OPENAI_BASE_URL=http://mine.int:8080/v1    # openai for Python'],
    [
      'sqs.eu-west-1.amazonaws.com',
      'queues',
      'export AWS_ENDPOINT_URL_SQS=http://queues.int:8080    # boto3 for Python',
    ],
  ])('of %s are those of the catalogue, whatever it is called: %s', (host, name, line) => {
    expect(at(host, name)[0]).toContain(line);
  });

  it('are told the name that http_proxy finds, where the caller asks on the machine of Envoy', () => {
    const route = { cluster: 'internet', host_rewrite_literal: 'api.openai.com' };
    const line = (domains: string[], authority: string, scheme = 'http') =>
      told([virtualHost('openai', bearer, { route }, domains)], authority, scheme).libraries?.[0]?.split(' ')[1];
    const both = ['openai.int.localhost', '*.int', 'openai.int'];

    expect(line(both, 'attache.int.localhost:8080')).toBe('OPENAI_BASE_URL=http://openai.int/v1');
    expect(line(both, 'attache.localhost')).toBe('OPENAI_BASE_URL=http://openai.int/v1');
    expect(line(both, 'attache.int:8080')).toBe('OPENAI_BASE_URL=http://openai.int:8080/v1');
    expect(line(['openai.localhost'], 'attache.localhost:8080')).toBe(
      'OPENAI_BASE_URL=http://openai.localhost:8080/v1',
    );
    expect(line(both, 'attache.int.localhost', 'https')).toBeUndefined();
  });

  it('are told the HTTPS listener where they need it, at its own port', () => {
    expect(at('api.linear.app', 'linear')[0]).toContain('apiUrl: "https://linear.int/graphql"');
  });

  it('are none for an API that the catalogue does not have', () => {
    expect(at('api.example.com', 'openai')).toEqual([]);
  });
});
