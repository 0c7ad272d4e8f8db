import { parseArgs } from 'node:util';
import { walk } from '../secrets/model/walk.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run test:model [-- --steps N] [--seed N]

Walks at random through what may happen to a secret, and holds each step against what is promised of it.

  --steps N   how many steps in all (default 10000000)
  --seed N    where to begin (default: another one each time); a failure prints the one that repeats it`);
  process.exit(0);
}

const EACH = 2_000;
const first = Number(values.seed);
const walks = Math.ceil(Number(values.steps) / EACH);
const began = performance.now();
let told = began;

for (let index = 0; index < walks; index += 1) {
  const seed = first + index;
  try {
    walk(seed, EACH);
  } catch (error) {
    console.error(`broken in the walk of seed ${seed}: ${error instanceof Error ? error.message : error}`);
    console.error(`to repeat it: npm run test:model -- --seed ${seed} --steps ${EACH}`);
    process.exit(1);
  }
  if (performance.now() - told > 5_000) {
    told = performance.now();
    console.log(`${((index + 1) * EACH).toLocaleString('en')} steps`);
  }
}
const seconds = Math.round((performance.now() - began) / 1_000);
console.log(
  `${(walks * EACH).toLocaleString('en')} steps in ${seconds} s, seeds ${first} to ${first + walks - 1}: every promise was kept`,
);
