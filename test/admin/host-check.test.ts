import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { type AdminServer, serveAdmin } from '../../src/admin/admin-server.ts';

let admin: AdminServer;
let port: number;
let built = 0;

beforeAll(async () => {
  port = await freePort();
  const status = async () => {
    built += 1;
    return { built };
  };
  admin = await serveAdmin({ ready: () => true, status, metrics: async () => 'a 1\n' }, { host: '127.0.0.1', port });
});
afterAll(() => admin.close());

function ask(path: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('the admin address', () => {
  it.each(['127.0.0.1', '127.0.0.1:9464', 'localhost', 'localhost.:80', 'a.localhost:1', '[::1]:9464', '10.0.0.9'])(
    'shows its page and its status to who comes as %s',
    async (host) => {
      expect((await ask('/', { host })).status).toBe(200);
      expect((await ask('/api/status', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:9464',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'x@127.0.0.1',
    '127.0.0.1:80:80',
  ])('shows them to nobody who comes as %j, and says what to type', async (host) => {
    for (const path of ['/', '/api/status']) {
      const { status, body } = await ask(path, { host });

      expect([400, 421]).toContain(status);
      if (status === 421) expect(body).toContain('ATTACHE_ADMIN');
      expect(body).not.toContain('built');
    }
  });

  it('shows its status to no page of another site', async () => {
    const host = `127.0.0.1:${port}`;

    expect((await ask('/api/status', { host, origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask('/api/status', { host, origin: `http://${host}` })).status).toBe(200);
  });

  it.each(['/healthz', '/readyz', '/metrics'])('answers probes and scrapers at %s by whatever name', async (path) => {
    expect((await ask(path, { host: 'attache.monitoring.svc:9464' })).status).toBe(200);
  });

  it('works its status out once for all who ask at the same time', async () => {
    const before = built;
    await Promise.all(Array.from({ length: 200 }, () => ask('/api/status', { host: 'localhost' })));

    // Ten times a second at most, however long it took.
    expect(built - before).toBeLessThan(100);
  });
});
