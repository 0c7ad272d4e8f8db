import type { StreamContext } from '../../../src/processor/stream.ts';

const unused = () => {
  throw new Error('nobody asks');
};

/** For servers whose external processing nobody asks for. */
export const NOBODY_ASKS: StreamContext = {
  decide: unused,
  hidden: unused,
  seal: unused,
  patience: 0,
  answered: unused,
  withheld: unused,
  failed: unused,
};

/** For servers that decide: nothing is hidden in responses, and nobody is told of anything, but for what is given. */
export function deciding(given: Pick<StreamContext, 'decide'> & Partial<StreamContext>): StreamContext {
  return {
    hidden: () => 'nothing',
    seal: () => undefined,
    withheld: () => undefined,
    patience: 2_250,
    answered: () => undefined,
    failed: () => undefined,
    ...given,
  };
}
