import { KINDS } from '../credentials/kinds.ts';
import { CALLERS_KEY } from './read-callers.ts';
import { REQUEST_OPTION_KEYS } from './request-options.ts';
import { SECRET_OPTION_KEYS } from './secret-options.ts';

/** The keys that a block may have. */
export const KEYS = [
  'integration',
  'secret',
  CALLERS_KEY,
  ...REQUEST_OPTION_KEYS,
  ...SECRET_OPTION_KEYS,
  ...KINDS.map(({ key }) => key),
];
