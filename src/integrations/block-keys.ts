import { KINDS } from '../credentials/kinds.ts';

/** The grammar's keys that no release has yet. */
export const NOT_YET = [
  ...['callers', 'allow', 'keep', 'redact', 'rotation', 'replicas'],
  ...['query', 'path', 'github_app', 'oauth2', 'google_service_account', 'aws_sigv4'],
];

/** The keys that a block may have. */
export const KEYS = ['integration', 'secret', ...KINDS.map(({ key }) => key)];
