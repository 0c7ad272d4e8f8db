import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBytes } from '../../src/configuration/read-bytes.ts';
import { rejection } from '../../src/configuration/rejection.ts';

const TEXT = `# other.int stands in a comment
virtual_hosts:
- { name: a, domains: [one.int, other.int], routes: [{ route: { cluster: internet } }] }
- { name: b, domains: [other.int], routes: [{ route: { cluster: nowhere } }] }
- { name: c, domains: [my.other.int] }
`;

describe("Envoy's rejection of routes", () => {
  let folder: string;
  let file: string;
  let version: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'attache-'));
    file = join(folder, 'envoy.yaml');
    writeFileSync(file, TEXT);
    version = (await readBytes(file)).version;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [
      'the second of two domains',
      'Only unique values for domains are permitted. Duplicate entry of domain other.int in route egress',
      4,
      24,
    ],
    ['an unknown cluster', "route: unknown cluster 'nowhere'", 4, 65],
    ['a virtual host in quotes', 'the virtual host "c" has no routes', 1, 1],
    ['nothing in the file', 'something else is wrong', 1, 1],
  ])('is told with the place of %s', async (_, words, line, column) => {
    expect(await rejection(file, version, words)).toMatchObject({
      file,
      line,
      column,
      severity: 'error',
      reason: `Envoy does not take these routes (${words})`,
    });
  });

  it('names no place in a file that is another one by now', async () => {
    expect(await rejection(file, 'before', "unknown cluster 'nowhere'")).toMatchObject({ line: 1, column: 1 });
  });

  it('leaves out the dump of all routes', async () => {
    const words =
      'Proto constraint validation failed (RouteValidationError.Match: value is required): goo.gle/debugonly name: "egress" virtual_hosts { name: "a" metadata { fields { key: "secret" } } }';

    const { reason } = await rejection(file, version, words);

    expect(reason).toContain('RouteValidationError.Match: value is required');
    expect(reason).not.toContain('virtual_hosts');
  });
});
