import { describe, expect, it } from 'vitest';
import { readSettings, SETTINGS, SettingsError } from '../../src/settings.ts';

describe('settings', () => {
  it('have the defaults that the help text states', () => {
    expect(readSettings({})).toEqual({
      config: 'envoy/envoy.yaml',
      listen: [{ path: '/run/attache/0.sock' }],
      admin: { host: '127.0.0.1', port: 9464 },
      log: 'info',
      refreshAfter: 60_000,
      maxStale: 3_600_000,
      fetchDeadline: 2_000,
    });
    expect(readSettings(Object.fromEntries(SETTINGS.map(({ variable, fallback }) => [variable, fallback])))).toEqual(
      readSettings({}),
    );
  });

  it.each([
    [
      'ATTACHE_LISTEN',
      'unix:/a/{worker}.sock, 127.0.0.1:9000,[::1]:9001',
      'listen',
      [{ path: '/a/0.sock' }, { hostPort: '127.0.0.1:9000' }, { hostPort: '[::1]:9001' }],
    ],
    ['ATTACHE_ADMIN', '[::1]:80', 'admin', { host: '::1', port: 80 }],
    ['ATTACHE_FETCH_DEADLINE', '250ms', 'fetchDeadline', 250],
    ['ATTACHE_MAX_STALE', '24h', 'maxStale', 86_400_000],
    ['ATTACHE_REFRESH_AFTER', '5m', 'refreshAfter', 300_000],
  ])('read %s=%s', (variable, text, name, value) => {
    expect(readSettings({ [variable]: text })).toHaveProperty(name, value);
  });

  it('take a flag before a variable', () => {
    expect(readSettings({ ATTACHE_LOG: 'warn' }, { log: 'debug' }).log).toBe('debug');
  });

  it.each([
    ['ATTACHE_LISTEN', 'run/attache.sock'],
    ['ATTACHE_LISTEN', 'unix:relative.sock'],
    ['ATTACHE_LISTEN', '127.0.0.1'],
    ['ATTACHE_LISTEN', '127.0.0.1:99999'],
    ['ATTACHE_ADMIN', '9464'],
    ['ATTACHE_LOG', 'verbose'],
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

  it('tell every mistake at once', () => {
    expect(() => readSettings({ ATTACHE_LOG: 'x', ATTACHE_MAX_STALE: 'y', ATTACHE_NONE: 'z' })).toThrow(
      /ATTACHE_NONE[\s\S]*ATTACHE_LOG[\s\S]*ATTACHE_MAX_STALE/,
    );
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(readSettings({}))).toBe(true);
  });
});
