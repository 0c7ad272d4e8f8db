import { describe, expect, it } from 'vitest';
import { namesOfVirtualHosts, serverName } from '../../src/certs/server-names.ts';
import { examine } from '../../src/integrations/examine.ts';

function namesOf(...domains: string[]) {
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'internet' } }];
  return namesOfVirtualHosts(
    examine('envoy.yaml', JSON.stringify({ virtual_hosts: [{ name: 'a', domains, routes }] })),
  );
}

describe("the names in the server's certificate", () => {
  it('are the domains of the virtual hosts, without ports and each once, and those of this machine', () => {
    expect(
      namesOf('stripe.int', 'stripe.int:*', 'Stripe.int:8443', '10.0.0.1:80', '[2001:db8::1]', 'localhost'),
    ).toEqual({
      names: ['stripe.int', '10.0.0.1', '2001:db8::1', 'localhost', '127.0.0.1'],
      leftOut: [],
    });
  });

  it('leave out what no certificate can hold', () => {
    expect(namesOf('*.int.example', '*', 'stripe.*', '*-eu.example.com', '*.int', '*:80')).toEqual({
      names: ['*.int.example', 'localhost', '127.0.0.1'],
      leftOut: ['*', 'stripe.*', '*-eu.example.com', '*.int'],
    });
  });

  it.each(['stripe.int', '*.int.example', '192.0.2.1', '2001:db8::1', 'localhost'])('may be given as %s', (name) => {
    expect(serverName(name)).toBe(name);
  });

  it.each(['', 'https://stripe.int', 'stripe.int:443', '*', '*.int', 'a.*.int', 'a b', 'é.int', 'a,b', '1.2.3'])(
    'may not be given as %j',
    (name) => {
      expect(() => serverName(name)).toThrow(`--name "${name}" is no host; write it as`);
    },
  );
});
