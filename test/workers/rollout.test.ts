import { describe, expect, it, vi } from 'vitest';
import type { Configuration } from '../../src/configuration/configuration.ts';
import type { Verdict } from '../../src/processor/route-discovery.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { type Member, Rollout } from '../../src/workers/rollout.ts';

const configuration = (version: string): Configuration => ({ version, size: 0, pages: [], warnings: [] });
const LOG = { error: () => undefined } as unknown as Log;

/** Members that note what they are told, in one list. */
function crew(answers: Partial<Record<string, { prepare?: Promise<string | undefined>; publish?: Verdict }>> = {}) {
  const deeds: string[] = [];
  const member = (name: string): Member => ({
    prepare: async ({ version }) => {
      deeds.push(`${name} prepares ${version}`);
      const problem = await answers[`${name} ${version}`]?.prepare;
      deeds.push(`${name} has ${version}`);
      return problem;
    },
    use: async (version) => {
      await Promise.resolve();
      deeds.push(`${name} uses ${version}`);
    },
    publish: async (version) => {
      deeds.push(`${name} publishes ${version}`);
      return answers[`${name} ${version}`]?.publish ?? { kind: 'unheard' };
    },
    settle: () => deeds.push(`${name} settles`),
  });
  const members = [member('a'), member('b')];
  return { deeds, member, members, rollout: new Rollout(configuration('1'), () => members, LOG) };
}

describe('a configuration', () => {
  it('is used by nobody before all have it, given to Envoy when all use it, and what it takes away is closed when Envoy has it', async () => {
    const late = Promise.withResolvers<undefined>();
    const { deeds, rollout } = crew({ 'b 2': { prepare: late.promise, publish: { kind: 'accepted' } } });
    const taken = rollout.take(configuration('2'));
    await Promise.resolve();
    expect(rollout.inUse.version).toBe('1');
    late.resolve(undefined);
    await taken;

    expect(deeds).toEqual([
      'a prepares 2',
      'b prepares 2',
      'a has 2',
      'b has 2',
      'a uses 2',
      'b uses 2',
      'a publishes 2',
      'b publishes 2',
      'a settles',
      'b settles',
    ]);
    expect(rollout.inUse.version).toBe('2');
  });

  it('is made ready by a process that starts meanwhile, and used by nobody before', async () => {
    const [others, late] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const { deeds, member, members, rollout } = crew({
      'a 2': { prepare: others.promise },
      'c 2': { prepare: late.promise },
    });
    const taken = rollout.take(configuration('2'));
    // In the place of one that has ended.
    const started = member('c');
    members[1] = started;
    expect(rollout.inUse.version).toBe('1');
    rollout.joined(started);
    others.resolve(undefined);
    await vi.waitFor(() => expect(deeds).toContain('a has 2'));
    expect(deeds).toContain('c prepares 2');
    late.resolve(undefined);
    await taken;

    expect(deeds.filter((deed) => /has|uses|publishes/.test(deed))).toEqual([
      'b has 2',
      'a has 2',
      'c has 2',
      'a uses 2',
      'c uses 2',
      'a publishes 2',
      'c publishes 2',
    ]);
  });

  it('is what a process starts by once it is in use, with nothing to make ready besides', async () => {
    const { deeds, member, rollout } = crew();
    await rollout.take(configuration('2'));
    expect(rollout.inUse.version).toBe('2');
    rollout.joined(member('c'));

    expect(deeds.filter((deed) => deed.startsWith('c'))).toEqual([]);
  });

  it('is used nowhere when a process that starts meanwhile cannot have it', async () => {
    const { deeds, member, rollout } = crew({ 'c 2': { prepare: Promise.resolve('it is broken') } });
    const taken = rollout.take(configuration('2'));
    rollout.joined(member('c'));
    await taken;

    expect(deeds.filter((deed) => deed.includes('uses'))).toEqual([]);
    expect(rollout.inUse.version).toBe('1');
  });

  it('is used nowhere when one cannot have it', async () => {
    const { deeds, rollout } = crew({ 'b 2': { prepare: Promise.resolve('it is broken') } });
    await rollout.take(configuration('2'));

    expect(deeds.filter((deed) => deed.includes('uses'))).toEqual([]);
    expect(rollout.inUse.version).toBe('1');
  });

  it('is gone back from, everywhere, when an Envoy rejects it', async () => {
    const { deeds, rollout } = crew({ 'a 2': { publish: { kind: 'rejected', reason: 'no' } } });
    await rollout.take(configuration('2'));

    expect(deeds.filter((deed) => /publishes|settles/.test(deed))).toEqual([
      'a publishes 2',
      'b publishes 2',
      'a publishes 1',
      'b publishes 1',
      'a settles',
      'b settles',
    ]);
    expect(rollout.inUse.version).toBe('1');
  });

  it('is left when a newer one comes while it is made ready', async () => {
    const { deeds, rollout } = crew({ 'b 2': { prepare: new Promise(() => undefined) } });
    const older = rollout.take(configuration('2'));
    const newer = rollout.take(configuration('3'));
    await Promise.all([older, newer]);

    expect(deeds.filter((deed) => deed.includes('uses'))).toEqual(['a uses 3', 'b uses 3']);
  });

  it('that comes after a rejected one is taken over, and one that is rejected again leads back to the last good one', async () => {
    const no: Verdict = { kind: 'rejected', reason: 'no' };
    const { rollout } = crew({ 'a 2': { publish: no }, 'a 4': { publish: no } });
    for (const version of ['2', '3', '4']) await rollout.take(configuration(version));

    expect(rollout.inUse.version).toBe('3');
  });
});
