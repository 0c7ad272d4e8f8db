import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { list } from '../../src/add/list-command.ts';
import { remove } from '../../src/add/remove-command.ts';
import { rename } from '../../src/add/rename-command.ts';
import { shortHash } from '../../src/integrations/short-hash.ts';
import { GOOD } from './support.ts';

const ITEM = (name: string, more = '') =>
  `- { integration: ${name}, host: ${name}.example, secret: prod/shared, bearer: "{{ . }}"${more} }\n`;
const LIST = `integrations:\n${ITEM('a', ', callers: [10.0.0.0/8], allow: [GET /v1/**]')}${ITEM('b')}`;

/** Nobody listens there. */
const NOBODY = '127.0.0.1:1';

let file: string;
let printed: string[];

beforeEach(() => {
  file = join(privateFolder(), 'envoy.yaml');
  printed = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const read = () => readFileSync(file, 'utf8');

describe('attache remove', () => {
  it('says what is left: who else uses the secret, and that it stays in AWS', async () => {
    writeFileSync(file, LIST);

    expect(await remove('a', { file, admin: NOBODY })).toBe(0);
    expect(printed.join('')).toBe(
      `Removed a: ${file}:2\nThe secret prod/shared is still used, by b.\nAttaché notices the edit by itself, and refuses requests to it. Take its route out of Envoy too.\n`,
    );
    printed.length = 0;
    expect(await remove('b', { file, admin: NOBODY })).toBe(0);
    expect(printed.join('')).toContain(
      'No integration of this file uses the secret prod/shared any more. It was left in AWS.\n',
    );
    expect(read()).toBe('integrations: []\n');
  });

  it('writes nothing for a name that is not there, nor where something else is wrong with the file', async () => {
    const broken = LIST.replace('host: b.example', 'host: "b example"');
    writeFileSync(file, broken);

    expect(await remove('c', { file, admin: NOBODY })).toBe(1);
    expect(await remove('a', { file, admin: NOBODY })).toBe(1);

    expect(printed.join('')).toContain(`${file} has no integration named "c"`);
    expect(printed.join('')).toMatch(
      /would not be valid without a, so it is left as it was:\n.*envoy\.yaml:2:\d+: error: /,
    );
    expect(read()).toBe(broken);
  });

  it('puts the file back when the Attaché that runs refuses the edit', async () => {
    writeFileSync(file, GOOD);
    const server = createServer((_, response) => {
      const problems = read() === GOOD ? [] : ['envoy.yaml:7:1: error: Envoy does not take these routes'];
      const workers = [{ worker: 0, ready: true, restarts: 0, configuration: shortHash(GOOD) }];
      response.end(JSON.stringify({ config: { file, problems, notes: [] }, workers }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await remove('stripe', { file, admin })).toBe(1);
      expect(await rename('stripe', 'payments', { file, admin })).toBe(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }

    expect(read()).toBe(GOOD);
    expect(
      printed.join('').match(/is left as it was:\nenvoy\.yaml:7:1: error: Envoy does not take these routes/g),
    ).toHaveLength(2);
  });
});

describe('attache rename', () => {
  it('says the new address, and which secret it has', async () => {
    writeFileSync(file, GOOD);

    expect(await rename('openai', 'models', { file, admin: NOBODY })).toBe(0);

    expect(printed.join('')).toMatch(
      /^Renamed openai to models: .*:\d+\nIts secret is prod\/openai, as before\.\nPrograms reach it at http:\/\/models\.int from now on, and at http:\/\/openai\.int no more\.\n/,
    );
  });

  it('says of a plain list what Envoy needs', async () => {
    writeFileSync(file, LIST);

    expect(await rename('a', 'c', { file, admin: NOBODY })).toBe(0);

    expect(printed.join('')).toContain('The route of Envoy that names a must name c from now on');
  });
});

describe('attache list', () => {
  it('shows name, address, target, key, secret, callers, what is allowed, and what is live', () => {
    writeFileSync(file, GOOD);

    expect(list({ file })).toBe(0);

    const rows = printed
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ['NAME', 'ADDRESS', 'TARGET', 'KEY', 'SECRET', 'CALLERS', 'ALLOW', 'LIVE'],
      [
        'stripe',
        'http://stripe.int',
        'api.stripe.com',
        'basic (authorization)',
        'prod/stripe',
        'anyone',
        'everything',
        'yes',
      ],
      [
        'openai',
        'http://openai.int',
        'api.openai.com',
        'bearer (authorization)',
        'prod/openai',
        'anyone',
        'everything',
        'yes',
      ],
      [
        'anthropic',
        'http://anthropic.int',
        'api.anthropic.com',
        'headers (x-api-key)',
        'prod/anthropic',
        'anyone',
        'everything',
        'yes',
      ],
    ]);
  });

  it('shows as JSON all of their rules, and where each stands', () => {
    writeFileSync(file, LIST);

    expect(list({ file, json: true })).toBe(0);

    expect(JSON.parse(printed.join(''))[0]).toEqual({
      name: 'a',
      addresses: [],
      target: 'a.example',
      credentials: ['bearer'],
      places: ['authorization'],
      secret: 'prod/shared',
      callers: ['10.0.0.0/8'],
      allow: ['GET /v1/**'],
      where: `${file}:2`,
    });
  });

  it('says which ports lead there, and what waits for a restart of Envoy', () => {
    const written = GOOD.replace('port_value: 80 }', 'port_value: 8081 }').replace(/^ *bind_to_port: false .*\n/m, '');
    writeFileSync(file, written.replace('port_value: 1 }', 'port_value: 8082 }'));

    expect(list({ file })).toBe(0);

    expect(printed.join('')).toMatch(/\nstripe +http:\/\/stripe\.int:8082 .* restart Envoy\n/);
  });

  it('shows what is valid, says that something is not, and what to type when there is nothing', () => {
    writeFileSync(file, LIST.replace('host: b.example', 'host: "b example"'));
    expect(list({ file })).toBe(1);
    expect(printed.join('')).toMatch(
      /\na {2}.*\n.* has 1 error, and what is not valid is not shown; type attache check /,
    );

    printed.length = 0;
    writeFileSync(file, 'integrations: []\n');
    expect(list({ file })).toBe(0);
    expect(printed.join('')).toBe(`${file} has no integration; type attache add NAME\n`);
  });
});
