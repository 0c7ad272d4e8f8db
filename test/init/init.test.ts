import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { AddError } from '../../src/add/add-error.ts';
import { addToText } from '../../src/add/add-to-text.ts';
import { wanted } from '../../src/add/wanted.ts';
import { checkText } from '../../src/check/check-file.ts';
import { type Initiated, initText } from '../../src/init/init-text.ts';
import { examine } from '../../src/integrations/examine.ts';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { foreign, SHAPES, type Shape } from './shapes.ts';

const done = new Map<string, Initiated>();

/** What init makes of a shape; once for all tests, since nothing changes it. */
function initiatedFrom({ file, options }: Shape): Initiated {
  const initiated = done.get(file) ?? initText(file, foreign(file), options);
  done.set(file, initiated);
  return initiated;
}

/** The text without what the steps say that they put in. */
function takenBack({ text, steps }: Initiated): string {
  return steps
    .toSorted((one, other) => other.start - one.start)
    .reduce((left, { start, length }) => left.slice(0, start) + left.slice(start + length), text);
}

describe('attache init', () => {
  it.each(SHAPES)('$file: adds what its steps say, and keeps every other byte', (shape) => {
    const { file } = shape;

    const initiated = initiatedFrom(shape);

    expect(takenBack(initiated)).toBe(foreign(file));
    expect(initiated.steps.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['the cluster attache', 'the cluster attache_responses', 'node.metadata.attache']),
    );
    const { errors } = parseDocument(initiated.text);
    expect(errors).toEqual([]);
    if (file.endsWith('.json')) expect(() => JSON.parse(initiated.text)).not.toThrow();
  });

  it.each(SHAPES)(
    '$file: leaves nothing that attache check calls an error, and an integration can be added',
    async (shape) => {
      const { file } = shape;
      const { text } = initiatedFrom(shape);

      const after = addToText(file, text, wanted('stripe', { redact: true })).text;
      const last = addToText(file, after, wanted('aws-sqs', { region: 'eu-west-1' })).text;

      const problems = await checkText(file, last);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect([...examine(file, last).catalogue].map(({ name }) => name)).toEqual(['stripe', 'aws-sqs']);
    },
  );

  it.each(SHAPES)('$file: has nothing more to do the second time', (shape) => {
    const { file } = shape;
    const { text } = initiatedFrom(shape);

    expect(initText(file, text, {}).steps).toEqual([]);
    expect(initText(file, addToText(file, text, wanted('stripe', {})).text, {}).steps).toEqual([]);
  });

  it.each(['xds-only.yaml', 'no-routes.yaml', 'mesh-gateway.yaml'])(
    'a listener of its own in %s is found faultless',
    async (file) => {
      const { text } = initText(file, foreign(file), {});
      const after = addToText(file, text, wanted('stripe', {})).text;

      const problems = await checkText(file, after);

      // Left to its owner, since it is about other requests too: who the callers of the listener that was there are, whose routes
      // may come by RDS, and how much memory Envoy may take.
      const left = /X-Forwarded-For|nothing bounds that in all/;
      expect(problems.filter(({ reason }) => !left.test(reason))).toEqual([]);
    },
  );

  it('opens a listener to programs of the same machine alone, on a port that is free in the file', () => {
    const { text, discovery } = initText('a.yaml', foreign('static-clusters.yaml'), {});

    expect(text).toContain('address: { socket_address: { address: 127.0.0.1, port_value: 8081 } }');
    expect(discovery).toBe('http://attache.int.localhost:8081');
  });

  it.each(SHAPES)(
    '$file: an integration is live in a listener of its own, and waits for a restart in another',
    (shape) => {
      const { file } = shape;
      const { text } = initiatedFrom(shape);

      expect(addToText(file, text, wanted('stripe', {})).isLive).toBe(shape.listener === 'attache');
    },
  );

  it('lets other listeners open without Attaché, and names the node, without which Envoy asks for no routes', () => {
    const { static_resources, node } = parseDocument(initText('a.yaml', foreign('no-routes.yaml'), {}).text).toJS();

    expect(node).toMatchObject({ id: 'attache', cluster: 'attache' });
    const [, routes, own] = static_resources.listeners;
    const manager = own.filter_chains[0].filters[0].typed_config;
    expect(routes.bind_to_port).toBe(false);
    expect(manager.rds).toMatchObject({
      route_config_name: routes.filter_chains[0].filters[0].typed_config.route_config.name,
      config_source: { initial_fetch_timeout: '5s' },
    });

    const alone = parseDocument(initText('a.yaml', 'static_resources: {}\n', {}).text).toJS().static_resources;
    const { rds } = alone.listeners[1].filter_chains[0].filters[0].typed_config;
    expect(rds.config_source.initial_fetch_timeout).toBe('0s');
  });

  it('opens it where it is told to', () => {
    const { text, discovery } = initText('a.yaml', foreign('no-routes.yaml'), { listen: '[::]:80' });

    expect(text).toContain('address: { socket_address: { address: "::", port_value: 80 } }');
    expect(discovery).toBe('http://attache.int:80');
  });

  it('gives the routes below its listener the retry policy by its anchor', () => {
    const { text } = initText('a.yaml', foreign('no-routes.yaml'), {});

    expect(addToText('a.yaml', text, wanted('stripe', {})).text).toContain('retry_policy: *fresh_secret_on_401 }');
  });

  it('changes nothing for other requests of a listener that was there', () => {
    const { text } = initText('a.yaml', foreign('ext-authz.yaml'), { listener: 'guarded' });

    const { static_resources } = parseDocument(text).toJS();
    const before = parseDocument(foreign('ext-authz.yaml')).toJS().static_resources;
    const manager = static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
    const old = before.listeners[0].filter_chains[0].filters[0].typed_config;
    expect(
      manager.http_filters.map(({ name, disabled }: { name: string; disabled?: boolean }) => [name, disabled]),
    ).toEqual([
      ['caller_path', undefined],
      ['envoy.filters.http.ext_authz', undefined],
      ['repeatable', true],
      ['links', undefined],
      ['whole_body', true],
      ['websocket_over_http1', true],
      ['redact', true],
      ['discovery', true],
      ['envoy.filters.http.router', undefined],
    ]);
    const { http_filters, route_config, local_reply_config, ...rest } = manager;
    const { http_filters: _filters, route_config: oldRoutes, local_reply_config: oldReplies, ...oldRest } = old;
    expect(rest).toEqual(oldRest);
    expect(route_config.virtual_hosts[0]).toEqual(oldRoutes.virtual_hosts[0]);
    expect(local_reply_config.mappers.slice(1)).toEqual(oldReplies.mappers);
  });

  it('has a virtual host say what its listener leaves to it, and switch off what would act on it', () => {
    const { text } = initText('a.yaml', foreign('dynamic-forward-proxy.yaml'), { listener: 'egress' });

    const after = addToText('a.yaml', text, wanted('stripe', {})).text;

    const FILTER = '"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig';
    expect(
      after
        .slice(after.indexOf('- name: stripe'))
        .split('\n')
        .slice(1, 11)
        .map((line) => line.trim()),
    ).toEqual([
      'domains: [stripe.int, "stripe.int:*", stripe.int.localhost, "stripe.int.localhost:*"]',
      'request_headers_to_remove: [x-forwarded-for, x-forwarded-proto, x-envoy-external-address, x-envoy-internal, x-request-id]',
      'response_headers_to_remove: [x-envoy-ratelimited]',
      'typed_per_filter_config:',
      `repeatable: { ${FILTER}, config: {} }`,
      `websocket_over_http1: { ${FILTER}, config: {} }`,
      `envoy.filters.http.dynamic_forward_proxy: { ${FILTER}, disabled: true }`,
      'routes:',
      '- match: { prefix: / }',
      expect.stringMatching(/^route: \{ cluster: attache_internet, .* idle_timeout: 7200s, upgrade_configs: /),
    ]);
  });

  it('leaves what ends calls by closing them off where Envoy would crash of it', () => {
    const zipkin =
      'tracing: { http: { name: envoy.tracers.zipkin, typed_config: { "@type": type.googleapis.com/envoy.config.trace.v3.ZipkinConfig } } }\n';

    const { text } = initText('a.yaml', zipkin + foreign('no-routes.yaml'), {});

    expect(text).toContain('re2.max_program_size.error_level');
    expect(text).not.toContain('ext_proc_graceful_grpc_close');
  });

  it.each<[file: string, message: RegExp]>([
    ['version-2.yaml', /version-2\.yaml:7:9: error: this file is for version 2 of Envoy's API/],
    ['version-2-types.yaml', /version-2-types\.yaml:9:20: error: this file is for version 2/],
    ['config-dump.json', /what Envoy's admin page \/config_dump shows, and no configuration/],
    ['config-map.yaml', /an object of Kubernetes \(ConfigMap\), and no configuration/],
    ['routes-for-rds.yaml', /a file of resources that Envoy gets by xDS; name the one with which Envoy is started/],
    ['two-documents.yaml', /holds a second YAML document/],
    ['template.yaml', /no valid YAML: .*name what the template becomes, and not the template/],
  ])('refuses %s with a sentence', (file, message) => {
    const attempt = () => initText(file, foreign(file), {});

    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(error instanceof AddError || error instanceof CatalogueError).toBe(true);
      expect((error as Error).message.split('\n')).toHaveLength(1);
    }
  });

  it.each<[what: string, file: string, options: object, message: RegExp]>([
    [
      'a listener that is not there',
      'two-listeners.yaml',
      { listener: 'out' },
      /there are ingress \(stat_prefix ingress, .*:9\), egress/,
    ],
    [
      'a listener with two of them',
      'several-managers.yaml',
      { listener: 'both' },
      /stands for several.*name one by its stat_prefix: both \(stat_prefix others/,
    ],
    ['routes that come by RDS', 'mesh-gateway.yaml', { listener: 'outbound' }, /come by rds .*leave --listener out/],
    [
      'no listener for HTTP',
      'no-routes.yaml',
      { listener: 'database' },
      /no listener with an HTTP connection manager; leave --listener out/,
    ],
    ['an address that is none', 'no-routes.yaml', { listen: '8080' }, /write for example --listen 127\.0\.0\.1:8080/],
    ['both at once', 'two-listeners.yaml', { listener: 'egress', listen: '127.0.0.1:80' }, /leave one of them out/],
  ])('refuses %s', (_, file, options, message) => {
    expect(() => initText(file, foreign(file), options)).toThrow(message);
  });

  it('refuses a plain list, which needs none of it', () => {
    const list = 'integrations:\n- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }\n';

    expect(() => initText('list.yaml', list, {})).toThrow(/a plain list of integrations, which Attaché reads as it is/);
  });

  it('takes another listener for no more integrations once one has them', () => {
    const { text } = initText('a.yaml', foreign('two-listeners.yaml'), { listener: 'egress' });

    expect(() => initText('a.yaml', text, { listener: 'ingress' })).toThrow(/added to the listener egress already/);
  });
});

describe('attache add without attache init', () => {
  it.each(['two-listeners.yaml', 'no-routes.yaml', 'xds-only.yaml', 'static-clusters.yaml', 'json.json'])(
    'says for %s what to type first',
    (file) => {
      expect(() => addToText(file, foreign(file), wanted('stripe', {}))).toThrow(`type attache init ${file} first`);
    },
  );
});
