import { afterEach, describe, expect, it } from 'vitest';
import { Ec2Directory } from '../../src/callers/ec2-directory.ts';
import { createLog } from '../../src/telemetry/log.ts';

describe('the directory of instances', () => {
  const directory = new Ec2Directory({ maxStale: 60_000 }, createLog('silent'));
  afterEach(() => directory.close());

  it('is there when the configuration asks for it', () => {
    expect(directory.tags).toBeUndefined();
    directory.follow({ region: 'eu-west-1', tag: 'attache' });
    expect(directory.tags).toBeDefined();
    directory.follow(undefined);
    expect(directory.tags).toBeUndefined();
  });

  it('keeps what it knows while the configuration says the same, and begins anew when it does not', () => {
    directory.follow({ region: 'eu-west-1', tag: 'attache' });
    const before = directory.tags;
    directory.follow({ region: 'eu-west-1', tag: 'attache' });
    expect(directory.tags).toBe(before);
    directory.follow({ region: 'eu-west-1', tag: 'access' });
    expect(directory.tags).not.toBe(before);
  });
});
