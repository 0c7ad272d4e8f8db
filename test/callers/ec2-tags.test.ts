import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsError, type AwsFailureReason } from '../../src/aws/aws-failure.ts';
import type { Ec2Instance } from '../../src/callers/ec2-instance.ts';
import { Ec2Tags, type LookupEvent } from '../../src/callers/ec2-tags.ts';
import { LookupError } from '../../src/callers/lookup-error.ts';
import { soon } from '../support/deadline.ts';

const instance = (id: string, address: string, tags: string): Ec2Instance => ({
  id,
  vpc: 'vpc-1',
  addresses: [address],
  tags: new Map([['attache', tags]]),
});

/** EC2 with a script: what it has, how it fails, and what it was asked. */
class Script {
  instances: Ec2Instance[] = [];
  failure: AwsFailureReason | undefined;
  hangs = false;
  readonly asked: (readonly string[])[] = [];
  readonly events: LookupEvent[] = [];
  readonly tags = new Ec2Tags(
    {
      instances: async (addresses) => {
        this.asked.push(addresses);
        if (this.hangs) await new Promise(() => undefined);
        if (this.failure !== undefined) throw new AwsError({ reason: this.failure, detail: 'scripted' });
        return this.instances;
      },
    },
    'attache',
    { maxStale: 3_600_000 },
    (event) => this.events.push(event),
  );

  /** What a request is told that comes now. */
  async ask(address: string): Promise<string> {
    try {
      const owner = this.tags.ownerOf(address, soon());
      if (!(owner instanceof Promise)) return [...owner.tags].join();
      const waited = owner.then(({ tags }) => [...tags].join());
      waited.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(2_000);
      return await waited;
    } catch (error) {
      return error instanceof LookupError ? error.reason : 'another error';
    }
  }

  /** Lets time pass in which a request comes each second. */
  async pass(seconds: number, address: string): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await this.ask(address);
      await vi.advanceTimersByTimeAsync(1_000);
    }
  }
}

describe('the tags of instances', () => {
  let ec2: Script;
  beforeEach(() => {
    vi.useFakeTimers();
    // An entry that was made at 0 is one without an age to the cache.
    vi.advanceTimersByTime(1_000);
    ec2 = new Script();
  });
  afterEach(() => {
    ec2.tags.close();
    vi.useRealTimers();
  });

  it('are those that the EC2 tag lists, without what is no name of a tag', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', ' agents, prod ,,Agents,a b,tag:x')];

    expect(await ec2.ask('10.1.2.3')).toBe('agents,prod');
  });

  it('are told at once when they are known', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.ask('10.1.2.3');

    expect(ec2.tags.ownerOf('10.1.2.3', soon())).toMatchObject({ instance: 'i-1', tags: new Set(['agents']) });
    expect(ec2.asked).toHaveLength(1);
  });

  it('are none for an address that nobody has, and that is remembered too', async () => {
    expect(await ec2.ask('10.9.9.9')).toBe('');
    expect(ec2.tags.ownerOf('10.9.9.9', soon())).toMatchObject({ instance: undefined });
    expect(ec2.asked).toHaveLength(1);
  });

  it('are none for an address that two instances have', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents'), instance('i-2', '10.1.2.3', 'agents')];

    expect(await ec2.ask('10.1.2.3')).toBe('');
    expect(ec2.events.at(-1)).toMatchObject({ kind: 'found', owner: { rivals: ['i-1', 'i-2'] } });
  });

  it('belong to one address: another one in the same answer does not get them', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];

    expect(await ec2.ask('10.1.2.4')).toBe('');
  });

  it('are found by an IPv6 address however EC2 writes it', async () => {
    ec2.instances = [instance('i-1', '2001:0DB8:0:0::1', 'agents')];

    expect(await ec2.ask('2001:db8::1')).toBe('agents');
  });

  it('are asked for together when addresses come up together, each family by itself', async () => {
    const addresses = [...Array.from({ length: 60 }, (_, index) => `10.1.2.${index}`), '2001:db8::1', '2001:db8::2'];

    const answers = addresses.map((address) => ec2.tags.ownerOf(address, soon()));
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(answers);

    expect(ec2.asked.map(({ length }) => length).sort()).toEqual([10, 2, 50]);
  });

  it('are asked for once however many requests wait for them', async () => {
    const answers = Array.from({ length: 500 }, () => ec2.tags.ownerOf('10.1.2.3', soon()));
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(answers);

    expect(ec2.asked).toEqual([['10.1.2.3']]);
  });

  it.each(['127.0.0.1', '127.8.8.8', '0.0.0.0', '169.254.1.1', '::1', '::', 'fe80::1', 'feb0::1'])(
    'are none for %s, of which EC2 is not asked',
    async (address) => {
      ec2.instances = [instance('i-1', address, 'agents')];

      expect(ec2.tags.ownerOf(address, soon())).toMatchObject({ instance: undefined, tags: new Set() });
      expect(ec2.asked).toEqual([]);
    },
  );

  it('follow an address to another instance within a minute, while it is in use', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.pass(70, '10.1.2.3');
    ec2.instances = [instance('i-2', '10.1.2.3', 'prod')];
    await ec2.pass(60, '10.1.2.3');

    expect(await ec2.ask('10.1.2.3')).toBe('prod');
  });

  it('go within a minute when the instance goes', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.pass(70, '10.1.2.3');
    ec2.instances = [];
    await ec2.pass(60, '10.1.2.3');

    expect(await ec2.ask('10.1.2.3')).toBe('');
  });

  it('come within fifteen seconds to a machine that is tagged after it was refused', async () => {
    await ec2.ask('10.1.2.3');
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.pass(15, '10.1.2.3');

    expect(await ec2.ask('10.1.2.3')).toBe('agents');
  });

  it.each([61, 299, 301, 3_000])('are never older than a minute after %d seconds of silence', async (seconds) => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.ask('10.1.2.3');
    ec2.instances = [instance('i-2', '10.1.2.3', 'prod')];
    await vi.advanceTimersByTimeAsync(seconds * 1_000);

    expect(await ec2.ask('10.1.2.3')).toBe('prod');
  });

  it('are not asked for any more when nobody has come from there for some minutes', async () => {
    await ec2.ask('10.1.2.3');
    await vi.advanceTimersByTimeAsync(400_000);
    const asked = ec2.asked.length;
    await vi.advanceTimersByTimeAsync(4_000_000);

    expect(ec2.asked).toHaveLength(asked);
  });

  it('are used while AWS cannot be reached, for an hour and no longer', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.ask('10.1.2.3');
    ec2.failure = 'network';
    await ec2.pass(3_590, '10.1.2.3');
    const before = await ec2.ask('10.1.2.3');
    await ec2.pass(15, '10.1.2.3');

    expect([before, await ec2.ask('10.1.2.3')]).toEqual(['agents', 'network']);
  });

  it('are taken away soon when EC2 refuses the question for good', async () => {
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await ec2.ask('10.1.2.3');
    ec2.failure = 'access_denied';
    await ec2.pass(90, '10.1.2.3');

    expect(await ec2.ask('10.1.2.3')).toBe('access_denied');
  });

  it('are back as soon as AWS is', async () => {
    ec2.failure = 'throttled';
    const first = await ec2.ask('10.1.2.3');
    ec2.failure = undefined;
    ec2.instances = [instance('i-1', '10.1.2.3', 'agents')];
    await vi.advanceTimersByTimeAsync(1_500);

    expect([first, await ec2.ask('10.1.2.3')]).toEqual(['throttled', 'agents']);
  });

  it('are waited for no longer than the deadline', async () => {
    ec2.hangs = true;

    expect(await ec2.ask('10.1.2.3')).toBe('timeout');
  });

  it('are remembered for ten thousand addresses at most', async () => {
    for (let index = 0; index < 10_050; index += 1) {
      Promise.resolve(ec2.tags.ownerOf(`10.1.${index >> 8}.${index & 255}`, soon())).catch(() => undefined);
    }
    await vi.advanceTimersByTimeAsync(10);

    expect(ec2.tags.size).toBe(10_000);
  });
});
