import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

const KEY = 'headers: { x-api-key: "{{ . }}" }';
const LAST_FIELD = 'ms: "%DURATION%"';

/** The repository's configuration with another credential for anthropic. */
const withKey = (credential: string) => edited(GOOD, KEY, credential);
const WITH_PATH = withKey('path: "/bot{{ . }}"');
const WITH_QUERY = withKey('query: { key: "{{ . }}" }');

/** What is found when the access log has a field more. */
async function logging(text: string, format: string): Promise<{ at: string; found: string[] }> {
  const more = edited(text, LAST_FIELD, `${LAST_FIELD}\n                  more: "${format}"`);
  return { at: placeOf(more, `"${format}"\n`), found: await findings(more) };
}

describe('attache check, with a credential in the path', () => {
  it('finds nothing in the access log of this repository', async () => {
    expect(await findings(WITH_PATH)).toEqual([]);
    expect(await findings(WITH_QUERY)).toEqual([]);
  });

  it.each([
    '%PATH(NQ)%',
    '%PATH%',
    '%PATH(WQ:PATH)%',
    '%REQ(:PATH)%',
    '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
    '%REQ_WITHOUT_QUERY(:PATH)%',
    '%CEL(request.url_path)%',
    '%CEL(request.path)%',
    "%CEL(request.headers[':path'])%",
  ])('finds that a log would print a prefix by %s', async (format) => {
    const { at, found } = await logging(WITH_PATH, format);

    expect(found).toEqual([`${at}: error: ${format} prints the path, into which anthropic puts its credential`]);
  });

  it.each(['%FILTER_STATE(caller_path:PLAIN)%', '%PATH(NQ:ORIG)%', '%REQ(:METHOD)%'])(
    'lets a log print %s',
    async (format) => {
      expect((await logging(WITH_PATH, format)).found).toEqual([]);
      expect((await logging(WITH_QUERY, format)).found).toEqual([]);
    },
  );

  it.each(['%PATH(WQ)%', '%REQ(:PATH)%', '%QUERY_PARAM(key)%', '%CEL(request.query)%'])(
    'finds that a log would print a parameter by %s',
    async (format) => {
      const { at, found } = await logging(WITH_QUERY, format);

      expect(found).toEqual([`${at}: error: ${format} prints the query, into which anthropic puts its credential`]);
    },
  );

  it('lets a log print the path without the query, where only the query holds a credential', async () => {
    expect((await logging(WITH_QUERY, '%PATH(NQ)%')).found).toEqual([]);
  });

  it('warns of the query that a caller sent', async () => {
    const { at, found } = await logging(WITH_PATH, '%REQ(X-ENVOY-ORIGINAL-PATH)%');

    expect(found).toEqual([
      `${at}: warning: %REQ(X-ENVOY-ORIGINAL-PATH)% prints the query of the path, in which a key may stand`,
    ]);
  });

  it('finds that a filter keeps the path only after Attaché has changed it', async () => {
    const filters = /( {10}- name: caller_path[\s\S]*?)( {10}- name: envoy\.filters\.http\.router)/;
    const ours = /( {8}- name: attache {20}#[\s\S]*?route_cache_action: RETAIN\n)/.exec(WITH_PATH)?.[1] ?? '';
    const late = WITH_PATH.replace(
      filters,
      (_, kept, router) => `${ours.replace(/^/gm, '  ').trimEnd()}\n${kept}${router}`,
    );

    expect(await findings(late)).toContainEqual(
      expect.stringContaining('error: %PATH(NQ)% prints the path, into which anthropic puts its credential'),
    );
  });

  it('finds a log whose default format prints it, and one that has no format', async () => {
    const plain = WITH_PATH.replace(/log_format:\n[\s\S]*?"%DURATION%"/, '');
    const grpc = edited(
      WITH_QUERY,
      'access_log:   ',
      'access_log_options: { x: { "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig } }\n          access_log:   ',
    );

    expect(await findings(plain)).toEqual([expect.stringContaining('error: this access log has no format of its own')]);
    expect(await findings(grpc)).toEqual([expect.stringContaining('error: a gRPC access log sends the path')]);
  });
});

describe('attache check, with tracing', () => {
  const PLACE = 'stat_prefix: egress\n';
  const GRACEFUL = 'ext_proc_graceful_grpc_close: true';
  const traced = (text: string, tracing: string) => edited(text, PLACE, `${PLACE}          tracing: ${tracing}\n`);

  it.each([WITH_PATH, WITH_QUERY])('finds that traces name the URL with the credential', async (text) => {
    const found = await findings(traced(text, '{}'));

    expect(found).toEqual([
      expect.stringContaining('error: traces name the URL, into which anthropic puts its credential'),
    ]);
    expect(await findings(traced(text, '{ max_path_tag_length: 0 }'))).toEqual([]);
    expect(await findings(traced(GOOD, '{}'))).toEqual([]);
  });

  it('finds what makes Envoy crash', async () => {
    const by = (tracer: string) =>
      traced(
        GOOD,
        `{ provider: { name: any, typed_config: { "@type": type.googleapis.com/envoy.config.trace.v3.${tracer} } } }`,
      );
    const text = by('ZipkinConfig');

    expect(await findings(text)).toEqual([
      expect.stringContaining('error: Envoy crashes when it traces calls to Attaché'),
    ]);
    expect(await findings(edited(text, GRACEFUL, GRACEFUL.replace('true', 'false')))).toEqual([]);
    expect(await findings(by('OpenTelemetryConfig'))).toEqual([]);
  });
});
