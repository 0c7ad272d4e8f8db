import type { Call } from './call.ts';
import { badCredentials, Refusal } from './refusal.ts';
import { botOf, fullName, type Repository } from './registry.ts';
import { now, type State } from './state.ts';
import { type Access, allowed } from './tokens.ts';

const services = ['git-upload-pack', 'git-receive-pack'] as const;

/** A call of git's smart HTTP protocol that may be made. */
export interface GitCall {
  readonly repository: Repository;
  /** What follows the repository in the path: `info/refs`, `git-upload-pack`. */
  readonly below: string;
  /** Who does it. */
  readonly user: string;
}

/**
 * Checks the token of a git call, which is the password of the user `x-access-token`: reading needs `contents: read`,
 * pushing `contents: write`.
 *
 * @throws Refusal as GitHub refuses, in plain text
 * @see https://git-scm.com/docs/http-protocol
 */
export function gitAccess(state: State, call: Call): GitCall {
  const [owner = '', name = '', ...rest] = call.segments;
  const below = rest.join('/');
  const service = services.find((one) => one === (below === 'info/refs' ? call.query.get('service') : below));
  const expected = below === 'info/refs' ? 'GET' : 'POST';
  if (service === undefined || call.method !== expected) throw new Refusal(404, 'Not Found');
  const access = basicAccess(state, call);
  const repository = state.registry.repository(owner, name.replace(/\.git$/i, ''));
  if (repository === undefined || !access.repositories.includes(repository)) {
    throw new Refusal(404, 'Repository not found.');
  }
  const level = service === 'git-receive-pack' ? 'write' : 'read';
  const user = botOf(access.mint.app);
  if (!allowed(access, 'contents', level)) {
    throw new Refusal(403, `Permission to ${fullName(repository)}.git denied to ${user}.`);
  }
  return { repository, below, user };
}

function basicAccess(state: State, { credential }: Call): Access {
  try {
    if (credential?.scheme !== 'basic' || credential.user !== 'x-access-token') throw badCredentials();
    return state.tokens.use(credential.secret, now(state));
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    throw new Refusal(401, 'Repository not found.', { 'www-authenticate': 'Basic realm="GitHub"' });
  }
}
