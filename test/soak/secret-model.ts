import { walk } from '../secrets/model/walk.ts';
import { commandLine } from '../support/command-line.ts';

const { steps, seed: first } = commandLine(
  'npm run test:model',
  'Walks at random through what may happen to a secret, and holds each step against what is promised of it.',
  {
    steps: { says: 'how many steps in all', default: 10_000_000 },
    seed: {
      says: 'where to begin; a failure prints the one that repeats it',
      default: Date.now() % 1_000_000_000,

      defaultSays: 'another one each time',
    },
  },
);

const EACH = 2_000;
const walks = Math.ceil(steps / EACH);
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
