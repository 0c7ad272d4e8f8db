import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/configuration/configuration.ts';
import { contentsOf } from '../../src/configuration/contents-of.ts';
import { judge } from '../../src/configuration/judge.ts';
import type { Catalogue } from '../../src/integrations/catalogue.ts';

const FILE = `integrations:
- { integration: a, host: a.example, secret: prod/a, callers: ["tag:dev"], allow: ["GET /v1/**"], bearer: "{{ . }}" }
- { integration: b, host: b.example, secret: prod/b, bearer: "{{ . }}" }
tags:
  dev: [10.0.0.0/8]
`;

async function read(text: string): Promise<Configuration> {
  const reading = await judge('envoy.yaml', text, Buffer.from(text));
  if (reading.kind === 'bad') throw new Error(JSON.stringify(reading.problems));
  return reading.configuration;
}

async function catalogueOf(text: string, before?: Catalogue): Promise<Catalogue> {
  const contents = await contentsOf(await read(text), { ...(before === undefined ? {} : { before }) });
  if (contents === undefined) throw new Error('not wanted');
  return contents.catalogue;
}

describe('an integration of a file that has changed', () => {
  it('keeps what was made for it when it has not changed, and says where it stands now', async () => {
    const before = await catalogueOf(FILE);
    const after = await catalogueOf(`# one line more\n${FILE}`, before);

    const [then, now] = [before.get('a'), after.get('a')];
    expect(now?.injector).toBe(then?.injector);
    expect(now?.callers).toBe(then?.callers);
    expect([then?.where, now?.where]).toEqual(['envoy.yaml:2', 'envoy.yaml:3']);
    expect(now?.secretAt.line).toBe(3);
  });

  it.each([
    ['its host', 'a.example', 'c.example'],
    ['its secret', 'prod/a', 'prod/c'],
    ['its credential', 'bearer: "{{ . }}"', 'bearer: "{{ key }}"'],
    ['who may call', 'tag:dev', 'tag:ops'],
    ['what may be requested', '/v1/**', '/v2/**'],
    ['what is stripped', 'secret: prod/a,', 'secret: prod/a, strip: [x-sig],'],
    ['what a tag means', '10.0.0.0/8', '10.1.0.0/16'],
    ['who says where secrets may go', 'tags:', 'hosts_from_secret_tags: true\ntags:'],
  ])('is made anew when a change concerns %s', async (_, from, to) => {
    const before = await catalogueOf(FILE);
    const text = FILE.replace(from, to).replace('dev:', to === 'tag:ops' ? 'ops:' : 'dev:');
    const after = await catalogueOf(text, before);

    expect(after.get('a')?.injector).not.toBe(before.get('a')?.injector);
    expect(JSON.stringify([...after])).toBe(JSON.stringify([...(await catalogueOf(text))]));
  });
});
