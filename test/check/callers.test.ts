import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

const SECRET = 'secret: prod/stripe ';
/** The configuration of this repository, with the mTLS listener on and callers for one integration. */
function withCallers(rule: string): string {
  const text = GOOD.replace(/# - name: egress_mtls[\s\S]*?callers\.pem } }\n/, (lines) =>
    lines.replace(/^( *)# /gm, '$1').replace(/^# /, ''),
  );
  const tagged = edited(
    text,
    '    shared: ',
    '    attache: { tags: { agents: [10.1.0.0/16, "spiffe://acme/agents/**"] } }\n    shared: ',
  );
  return edited(tagged, SECRET, `callers: ["${rule}"]\n                      ${SECRET}`);
}

const CA = ', validation_context: { trusted_ca: { filename: /etc/envoy/callers.pem } }';
const VALIDATION = /^ *validation_context: { trusted_ca: { filename: \/etc\/envoy\/callers\.pem } }\n/m;

const JWT = (payload: string) =>
  `http_filters:
          - name: jwt
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers: { login: { issuer: a, ${payload} } }
`;

describe('attache check of who callers are', () => {
  it.each(['tag:agents', '10.1.0.0/16', 'spiffe://acme/agents/*', 'claim:groups=agents'])(
    'finds nothing where %s is known as envoy.yaml has it',
    async (rule) => {
      expect(await findings(withCallers(rule))).toEqual([]);
    },
  );

  it.each<[what: string, rule: string, from: string, to: string, problem: string, at: string]>([
    [
      'an address of X-Forwarded-For',
      '10.1.0.0/16',
      'use_remote_address: true',
      'use_remote_address: false',
      'error: callers are known by an address that anybody can write',
      'false         #',
    ],
    [
      'a tag that goes by it',
      'tag:agents',
      'use_remote_address: true',
      'use_remote_address: false',
      'error: callers are known by an address that anybody can write',
      'false         #',
    ],
    [
      'an address of X-Forwarded-For that nobody goes by',
      'claim:groups=agents',
      'use_remote_address: true',
      'use_remote_address: false',
      'warning: callers can say',
      'false         #',
    ],
    [
      'a trusted hop',
      '10.1.0.0/16',
      'skip_xff_append: true ',
      'xff_num_trusted_hops: 2\n          skip_xff_append: true ',
      'warning: address 2 from the end of X-Forwarded-For says who the caller is',
      '2\n          skip_xff',
    ],
    [
      'untrusted certificates',
      'spiffe://acme/agents/*',
      'validation_context: { trusted_ca',
      'validation_context: { trust_chain_verification: ACCEPT_UNTRUSTED, trusted_ca',
      'error: callers are known by certificates that anybody can make',
      'ACCEPT_UNTRUSTED',
    ],
    [
      'untrusted certificates behind a tag',
      'tag:agents',
      'validation_context: { trusted_ca',
      'validation_context: { trust_chain_verification: ACCEPT_UNTRUSTED, trusted_ca',
      'error: callers are known by certificates that anybody can make',
      'ACCEPT_UNTRUSTED',
    ],
    [
      'claims that Attaché does not get',
      'claim:groups=agents',
      '[attache, envoy.filters.http.jwt_authn]',
      '[attache]',
      'error: metadata_options.forwarding_namespaces lacks envoy.filters.http.jwt_authn',
      '[attache] } }\n            mutation_rules',
    ],
    [
      'a provider that keeps its claims',
      'claim:groups=agents',
      'http_filters:\n',
      JWT('payload_in_metadata: claims'),
      'error: no provider hands its claims to Attaché',
      '{ login',
    ],
  ])('finds %s', async (_, rule, from, to, problem, at) => {
    const text = edited(withCallers(rule), from, to);

    expect(await findings(text)).toEqual([expect.stringContaining(`${placeOf(text, at)}: ${problem}`)]);
  });

  it('finds certificates that nobody verifies, and listeners that ask for none', async () => {
    const all = withCallers('spiffe://acme/agents/*');
    const unverified = VALIDATION.test(all) ? all.replace(VALIDATION, '') : edited(all, CA, '');
    const noListener = edited(
      edited(GOOD, SECRET, `callers: ["spiffe://acme/agents/*"]\n                      ${SECRET}`),
      'stat_prefix',
      'stat_prefix',
    );

    expect(await findings(unverified)).toEqual([
      expect.stringContaining('error: client certificates are asked for and not verified'),
    ]);
    expect(await findings(noListener)).toEqual([
      expect.stringContaining('warning: callers are known by their SPIFFE ID, and no listener'),
    ]);
  });

  it('accepts a provider that hands its claims over', async () => {
    const text = edited(withCallers('claim:groups=agents'), 'http_filters:\n', JWT('payload_in_metadata: attache'));

    expect(await findings(text)).toEqual([]);
  });

  it('says what an extension or a PROXY line is believed', async () => {
    const proxy =
      '    listener_filters: [{ name: p, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol } }]\n';
    const text = edited(
      edited(withCallers('10.1.0.0/16'), '    filter_chains:\n', `${proxy}    filter_chains:\n`),
      'use_remote_address: true ',
      'original_ip_detection_extensions: [{ name: custom }]\n          use_remote_address: true ',
    );

    expect(await findings(text)).toEqual([
      expect.stringContaining('warning: whoever connects says in a PROXY line who the caller is'),
      expect.stringContaining('warning: the extension custom says who the caller is'),
    ]);
  });
});
