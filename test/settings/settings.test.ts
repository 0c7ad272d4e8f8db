import { describe, expect, it } from 'vitest';
import { readSettings, SETTINGS, SettingsError } from '../../src/settings.ts';
import { addressesOf } from '../../src/workers/addresses.ts';

describe('settings', () => {
  it('have the defaults that the help text states', () => {
    expect(readSettings({})).toEqual({
      config: 'envoy/envoy.yaml',
      listen: ['unix:/run/attache/{worker}.sock'],
      workers: 1,
      admin: { host: '127.0.0.1', port: 9464 },
      edit: 'off',
      log: 'info',
      audit: 'denials',
      refreshAfter: 60_000,
      maxStale: 3_600_000,
      fetchDeadline: 2_000,
    });
    expect(
      readSettings(
        Object.fromEntries(SETTINGS.map(({ variable, fallback }) => [variable, fallback === 'none' ? '' : fallback])),
      ),
    ).toEqual(readSettings({}));
  });

  it.each([
    [
      'ATTACHE_LISTEN',
      'unix:/a/{worker}.sock, 127.0.0.1:9000,[::1]:9001',
      'listen',
      ['unix:/a/{worker}.sock', '127.0.0.1:9000', '[::1]:9001'],
    ],
    ['ATTACHE_WORKERS', '64', 'workers', 64],
    ['ATTACHE_ADMIN', '[::1]:80', 'admin', { host: '::1', port: 80 }],
    ['ATTACHE_FETCH_DEADLINE', '250ms', 'fetchDeadline', 250],
    ['ATTACHE_MAX_STALE', '24h', 'maxStale', 86_400_000],
    ['ATTACHE_REFRESH_AFTER', '5m', 'refreshAfter', 300_000],
  ])('read %s=%s', (variable, text, name, value) => {
    expect(readSettings({ [variable]: text })).toHaveProperty(name, value);
  });

  it.each([
    [
      { ATTACHE_MAX_STALE: '60s' },
      /ATTACHE_MAX_STALE=60s: .* 60s old \(ATTACHE_REFRESH_AFTER\).*every request in between/,
    ],
    [{ ATTACHE_REFRESH_AFTER: '1h' }, /ATTACHE_MAX_STALE=1h: .* 1h old \(ATTACHE_REFRESH_AFTER\)/],
    [{ ATTACHE_REFRESH_AFTER: '10m', ATTACHE_MAX_STALE: '5m' }, /ATTACHE_MAX_STALE=5m: .* 10m old/],
  ])('refuse %j, with which every secret would be too old before it is read again', (environment, sentence) => {
    expect(() => readSettings(environment)).toThrow(sentence);
  });

  it.each(['0.0.0.0:9464', '10.0.0.1:9464', '[::]:9464', '127.0.0.1.example:9464', 'attache.example:9464'])(
    'refuse a page that changes something at %s, which others reach',
    (address) => {
      expect(() => readSettings({ ATTACHE_EDIT: 'on', ATTACHE_ADMIN: address })).toThrow(
        `ATTACHE_EDIT=on: ATTACHE_ADMIN=${address} can be reached from other machines; set ATTACHE_ADMIN=127.0.0.1:9464`,
      );
      expect(readSettings({ ATTACHE_EDIT: 'off', ATTACHE_ADMIN: address }).edit).toBe('off');
    },
  );

  it.each(['127.0.0.1:9464', '127.8.0.1:0', '[::1]:9464', 'localhost:9464'])(
    'allow it at %s, which this machine alone reaches',
    (address) => {
      expect(readSettings({ ATTACHE_ADMIN: address }, { edit: 'on' }).edit).toBe('on');
    },
  );

  it('take a flag before a variable', () => {
    expect(readSettings({ ATTACHE_LOG: 'warn' }, { log: 'debug' }).log).toBe('debug');
  });

  it.each([
    ['ATTACHE_LISTEN', 'run/attache.sock'],
    ['ATTACHE_LISTEN', 'unix:relative.sock'],
    ['ATTACHE_LISTEN', '127.0.0.1'],
    ['ATTACHE_LISTEN', '127.0.0.1:99999'],
    ['ATTACHE_LISTEN', '127.0.0.1:{worker}x'],
    ['ATTACHE_WORKERS', '0'],
    ['ATTACHE_WORKERS', '65'],
    ['ATTACHE_WORKERS', '1.5'],
    ['ATTACHE_WORKERS', 'two'],
    ['ATTACHE_ADMIN', '9464'],
    ['ATTACHE_LOG', 'verbose'],
    ['ATTACHE_EDIT', 'yes'],
    ['ATTACHE_MAX_STALE', '0ms'],
    ['ATTACHE_MAX_STALE', '25h'],
    ['ATTACHE_MAX_STALE', '1d'],
    ['ATTACHE_MAX_STALE', '60'],
    ['ATTACHE_REFRESH_AFTER', '1s'],
    ['ATTACHE_FETCH_DEADLINE', '-1s'],
    ['ATTACHE_REFRESH_AFTERR', '60s'],
  ])('refuse %s=%s and name it', (variable, text) => {
    expect(() => readSettings({ [variable]: text })).toThrow(SettingsError);
    expect(() => readSettings({ [variable]: text })).toThrow(variable);
  });

  it('give each worker its own address, in a path as in a port', () => {
    const { listen } = readSettings({
      ATTACHE_WORKERS: '3',
      ATTACHE_LISTEN: 'unix:/a/{worker}.sock,[::1]:5005{worker}',
    });

    expect(addressesOf(listen, 0)).toEqual([{ path: '/a/0.sock' }, { hostPort: '[::1]:50050' }]);
    expect(addressesOf(listen, 2)).toEqual([{ path: '/a/2.sock' }, { hostPort: '[::1]:50052' }]);
  });

  it.each([
    ['unix:/a.sock', '2', /"unix:\/a\.sock" must hold \{worker\}.*unix:\/run\/attache\/\{worker\}\.sock/],
    ['127.0.0.1:9000', '2', /"127\.0\.0\.1:9000" must hold \{worker\}.*127\.0\.0\.1:5005\{worker\}/],
    ['unix:/{worker}.sock,127.0.0.1:9000', '3', /each of 3 workers/],
    ['127.0.0.1:5005{worker}', '64', /port is beyond 65535/],
  ])('refuse %s for %s workers, with the mend', (listen, workers, message) => {
    expect(() => readSettings({ ATTACHE_LISTEN: listen, ATTACHE_WORKERS: workers })).toThrow(message);
    expect(() => readSettings({ ATTACHE_LISTEN: listen.split(',')[0], ATTACHE_WORKERS: '1' })).not.toThrow();
  });

  it('tell every mistake at once', () => {
    expect(() =>
      readSettings({ ATTACHE_LOG: 'x', ATTACHE_MAX_STALE: 'y', ATTACHE_NONE: 'z', ATTACHE_LISTEN: 'w' }),
    ).toThrow(/ATTACHE_NONE[\s\S]*ATTACHE_LOG[\s\S]*ATTACHE_MAX_STALE[\s\S]*ATTACHE_LISTEN/);
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(readSettings({}))).toBe(true);
  });
});
