import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { parseCatalogue } from '../../src/integrations/read-catalogue.ts';
import { caller } from '../callers/support.ts';
import { soon } from '../support/deadline.ts';

const block = { integration: 'a', secret: 's', bearer: '{{ . }}' };

const envoy = (callers: unknown, serverWide: unknown) => ({
  node: { metadata: { attache: serverWide } },
  static_resources: {
    listeners: [
      {
        route_config: {
          virtual_hosts: [
            {
              name: 'v',
              routes: [
                {
                  route: { cluster: 'c', host_rewrite_literal: 'api.example.com' },
                  metadata: {
                    filter_metadata: { attache: { ...block, ...(callers === undefined ? {} : { callers }) } },
                  },
                },
              ],
            },
          ],
        },
      },
    ],
  },
});

const read = (value: unknown) => parseCatalogue('envoy.yaml', stringify(value)).catalogue;
const integration = (value: unknown) => read(value).get('a')?.callers;

describe('the callers of an integration', () => {
  it('are anyone when the route does not say', () => {
    expect(integration(envoy(undefined, {}))?.decide(caller({}), soon())).toEqual({ allowed: true, by: 'anyone' });
  });

  it('are those that the route names, directly and by a tag of the bootstrap', () => {
    const tags = { agents: ['10.1.0.0/16', 'spiffe://acme/agents/*'], others: ['10.2.0.0/16'] };
    const callers = integration(envoy(['tag:agents', '192.0.2.7'], { tags }));

    expect(callers?.rules).toEqual(['tag:agents', '192.0.2.7']);
    expect(
      ['10.1.2.3', '10.2.2.3', '192.0.2.7'].map((address) => callers?.decide(caller({ address }), soon())),
    ).toEqual([{ allowed: true, by: 'tag:agents' }, { allowed: false }, { allowed: true, by: '192.0.2.7' }]);
  });

  it('may be named in a plain list, with tags beside it', () => {
    const list = {
      tags: { agents: ['10.1.0.0/16'] },
      tags_from_ec2: { region: 'eu-west-1', vpc: 'any' },
      integrations: [{ ...block, host: 'api.example.com', callers: ['tag:agents', 'tag:of-ec2'] }],
    };

    expect(integration(list)?.decide(caller({ address: '10.1.2.3' }), soon())).toEqual({
      allowed: true,
      by: 'tag:agents',
    });
    expect(read(list).tagsFromEc2).toEqual({ region: 'eu-west-1', tag: 'attache' });
  });

  it('may be written with aliases', () => {
    const text = `
tags: { agents: &net [10.1.0.0/16] }
integrations:
- { integration: a, host: api.example.com, secret: s, bearer: "{{ . }}", callers: *net }
`;

    const { catalogue } = parseCatalogue('list.yaml', text);

    expect(catalogue.get('a')?.callers.rules).toEqual(['10.1.0.0/16']);
  });

  it('are told with every mistake that they have, each where it stands', () => {
    const text = `
integrations:
- integration: a
  host: api.example.com
  secret: s
  bearer: "{{ . }}"
  callers:
  - 10.1.2.3/8
  - claim:groups
  - agents
`;

    expect(() => parseCatalogue('list.yaml', text)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ line: 8, column: 5 }),
          expect.objectContaining({ line: 9, column: 5 }),
          expect.objectContaining({ line: 10, column: 5 }),
        ],
      }) as CatalogueError,
    );
  });
});

describe('tags from EC2', () => {
  it.each([
    [undefined, undefined],
    [false, undefined],
    [{ vpc: 'any' }, { tag: 'attache' }],
    [
      { region: 'eu-west-1', vpc: 'vpc-0123456789abcdef0', tag: 'access' },
      { region: 'eu-west-1', vpc: 'vpc-0123456789abcdef0', tag: 'access' },
    ],
  ])('%j are %j', (written, options) => {
    expect(read(envoy(undefined, { tags_from_ec2: written })).tagsFromEc2).toEqual(options);
  });

  it('let a route name a tag that the file does not define', () => {
    expect(integration(envoy(['tag:agents'], { tags_from_ec2: { vpc: 'vpc-0123456789abcdef0' } }))?.rules).toEqual([
      'tag:agents',
    ]);
    expect(() => read(envoy(['tag:agents'], { tags_from_ec2: false }))).toThrow(CatalogueError);
  });
});
