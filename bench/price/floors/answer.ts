import { encode, overwrite } from '../../../src/processor/encode.ts';

/** What the servers that decide nothing answer, whatever they are asked. */
export const ANSWER = encode({
  response: {
    $case: 'requestHeaders',
    value: {
      response: {
        headerMutation: {
          setHeaders: [overwrite('authorization', Buffer.from('Bearer the-same-for-all-requests'))],
          removeHeaders: [],
        },
        bodyMutation: undefined,
      },
    },
  },
});
