import { Process } from './process.ts';
import { Random } from './random.ts';
import { type ModelUse, type Mood, World } from './world.ts';

const MINUTE = 60_000;

/**
 * A random walk of so many steps through what may happen to a secret: requests of two integrations in two processes, rotations that
 * go well or not, destinations that switch early, late or never, outages, refusals, reloads, clocks that jump.
 *
 * @throws BrokenPromise when what is promised does not hold.
 */
export function walk(seed: number, steps: number): void {
  const random = new Random(seed);
  const world = new World();
  const maxStale = random.pick([2 * MINUTE, 15 * MINUTE, 60 * MINUTE]);
  const freshness = { refreshAfter: random.pick([5_000, 30_000, MINUTE]), maxStale };
  const processes = [new Process(world, random, freshness), new Process(world, random, freshness)];
  let readsHosts = false;
  const configure = () => {
    world.uses = new Map(
      ['a', 'b'].filter((_, index) => index === 0 || random.chance(0.8)).map((name) => [name, someUse(world, random)]),
    );
    for (const name of world.uses.keys()) if (!world.taken.has(name)) world.switch(name, ['v0']);
    for (const process of processes) process.configure(readsHosts);
  };
  configure();
  for (let taken = 0; taken < steps; taken += 1) {
    const dice = random.next();
    if (dice < 0.55) random.pick(processes).request(random.pick([...world.uses.keys()]));
    else if (dice < 0.9) pass(world, processes, 1 + random.below(random.chance(0.1) ? 2_000 : 60));
    else if (dice < 0.965) pass(world, processes, random.below(random.chance(0.2) ? 30_000 : 3_000));
    else if (dice < 0.968) pass(world, processes, random.below(15 * MINUTE));
    else if (dice < 0.97) {
      world.now += random.below(random.chance(0.3) ? 120 * MINUTE : 5 * MINUTE);
      for (const process of processes) process.sleep();
      // Refusals that were lost say nothing, so that nothing is known of what is steady.
      for (const [name, { ids }] of world.taken) world.switch(name, ids);
    } else if (dice < 0.978) rotate(world, random, processes);
    else if (dice < 0.988) destine(world, random);
    else if (dice < 0.994)
      world.mood = random.pick<Mood>([
        'well',
        'well',
        'well',
        'network',
        'throttled',
        'access_denied',
        'lagging replica',
      ]);
    else if (dice < 0.9942) storm(world, random, processes);
    else if (dice < 0.997) {
      if (random.chance(0.3)) readsHosts = !readsHosts;
      configure();
    }
  }
}

/** Requests without a break for five minutes, most of which may be refused. */
function storm(world: World, random: Random, processes: readonly Process[]): void {
  if (random.chance(0.5)) for (const name of world.uses.keys()) world.switch(name, []);
  for (let index = 0; index < 2_000; index += 1) {
    random.pick(processes).request(random.pick([...world.uses.keys()]));
    pass(world, processes, 150);
  }
}

/** Time passes, and what is due happens in its order. */
function pass(world: World, processes: readonly Process[], ms: number): void {
  const end = world.now + ms;
  for (;;) {
    const next = Math.min(...processes.map(({ nextAt }) => nextAt));
    if (next > end) break;
    world.now = Math.max(world.now, next);
    for (const process of processes) process.pass();
  }
  world.now = end;
}

function someUse(world: World, random: Random): ModelUse {
  const unfit = [...world.bornAt.keys()].filter((id) => id !== 'v0' && random.chance(0.1));
  return { options: { pending: random.chance(0.8), previous: random.chance(0.8) }, unfit: new Set(unfit) };
}

function rotate(world: World, random: Random, processes: readonly Process[]): void {
  const { AWSPENDING, AWSPREVIOUS } = world.labels;
  const choice = random.next();
  if (AWSPENDING === undefined || choice < 0.3) {
    const id = world.create();
    for (const [name, { options, unfit }] of world.uses) {
      if (random.chance(0.1)) world.uses.set(name, { options, unfit: new Set([...unfit, id]) });
    }
  } else if (choice < 0.8) {
    if (AWSPENDING !== world.labels.AWSCURRENT) world.promote(AWSPENDING, random);
    if (random.chance(0.3)) for (const process of processes) process.announce(AWSPENDING);
  } else if (choice < 0.9) world.labels.AWSPENDING = undefined;
  else if (AWSPREVIOUS !== undefined && AWSPREVIOUS !== world.labels.AWSCURRENT) world.promote(AWSPREVIOUS, random);
}

function destine(world: World, random: Random): void {
  const ids = [...new Set(Object.values(world.labels).filter((id) => id !== undefined))];
  for (const name of world.uses.keys()) {
    if (random.chance(0.3)) continue;
    const choice = random.next();
    if (choice < 0.15) world.switch(name, []);
    else if (choice < 0.4) world.switch(name, ids);
    else world.switch(name, [random.pick(ids)]);
  }
}
