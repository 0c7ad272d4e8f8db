import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { add } from '../../src/add/add-command.ts';
import { shortHash } from '../../src/integrations/short-hash.ts';
import { GOOD } from './support.ts';

describe('attache add, beside an Attaché that runs', () => {
  let file: string;
  let admin: string;
  let server: Server;
  /** What the workers answer by, and what is wrong with the file. */
  let answers: () => { versions: readonly string[]; problems: readonly string[] };
  let printed: string[];

  beforeEach(async () => {
    file = join(privateFolder(), 'envoy.yaml');
    writeFileSync(file, GOOD);
    server = createServer((_, response) => {
      const { versions, problems } = answers();
      const workers = versions.map((configuration, worker) => ({ worker, ready: true, restarts: 0, configuration }));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ config: { file: '/etc/envoy/envoy.yaml', problems, notes: [] }, workers }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    printed = [];
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    server.closeAllConnections();
    server.close();
  });

  const ofFile = () => shortHash(readFileSync(file, 'utf8'));

  it('waits until all of its workers have taken the file over, and says so', async () => {
    let asked = 0;
    answers = () => {
      asked += 1;
      return { versions: [ofFile(), asked < 4 ? shortHash(GOOD) : ofFile()], problems: [] };
    };

    expect(await add('resend', { file, admin })).toBe(0);

    expect(asked).toBeGreaterThanOrEqual(4);
    expect(printed.join('')).toMatch(
      /Waiting for the Attaché on .* … in use, and in the Envoy that gets its routes there\n$/,
    );
  });

  it('puts the file back when the edit is refused, and says why', async () => {
    answers = () => ({
      versions: [shortHash(GOOD)],
      problems: readFileSync(file, 'utf8') === GOOD ? [] : ['envoy.yaml:7:1: error: Envoy does not take these routes'],
    });

    expect(await add('resend', { file, admin })).toBe(1);

    expect(readFileSync(file, 'utf8')).toBe(GOOD);
    expect(printed.join('')).toContain('Envoy does not take these routes');
  });

  it('leaves a refused file alone that somebody else has edited meanwhile', async () => {
    const other = `${GOOD}# somebody else\n`;
    answers = () => {
      const isAdded = readFileSync(file, 'utf8') !== GOOD;
      if (isAdded) writeFileSync(file, other);
      return { versions: [shortHash(GOOD)], problems: isAdded ? ['envoy.yaml:7:1: error'] : [] };
    };

    expect(await add('resend', { file, admin })).toBe(1);

    expect(readFileSync(file, 'utf8')).toBe(other);
  });

  it('does not wait for one that reads another file', async () => {
    answers = () => ({ versions: ['0123456789abcdef'], problems: ['other.yaml:1:1: error'] });

    expect(await add('resend', { file, admin })).toBe(0);

    expect(printed.join('')).not.toContain('Waiting');
  });
});
