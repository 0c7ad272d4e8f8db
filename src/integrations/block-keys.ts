import { KINDS } from '../credentials/kinds.ts';
import { CALLERS_KEY } from './read-callers.ts';
import { SECRET_OPTION_KEYS } from './secret-options.ts';

/** The grammar's keys that no release has yet. */
export const NOT_YET = ['allow', 'keep', 'redact'];

/** The keys that a block may have. */
export const KEYS = ['integration', 'secret', CALLERS_KEY, ...SECRET_OPTION_KEYS, ...KINDS.map(({ key }) => key)];
