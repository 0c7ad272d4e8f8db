import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { badCredentials, notFound, Refusal } from './refusal.ts';
import { fullName, type Registry, type Repository } from './registry.ts';
import { now, type State } from './state.ts';
import type { Access } from './tokens.ts';

/**
 * Answers a few calls of the REST API that are made with an installation token.
 *
 * @throws Refusal as GitHub refuses
 * @see https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
export async function answerRest(state: State, call: Call, body: Buffer): Promise<Answer> {
  const access = tokenAccess(state, call);
  const [first, second] = call.segments;
  const route = `${call.method} ${call.segments.join('/')}`;
  if (route === 'GET installation/repositories') {
    const repositories = access.repositories.map(asJson);
    return { status: 200, body: { total_count: repositories.length, repositories } };
  }
  if (route === 'DELETE installation/token') {
    state.tokens.revoke(access.mint.token);
    return { status: 204 };
  }
  if (route === 'GET user') throw new Refusal(403, 'Resource not accessible by integration');
  if ((first === 'repos' || first === 'repositories') && second !== undefined) {
    const { repository, rest } = repositoryIn(state.registry, call.segments);
    return answerRepository(state, access, repository, call.method, rest, body);
  }
  throw notFound();
}

/**
 * What the token of a REST or GraphQL call opens.
 *
 * @throws Refusal 401 or 403
 */
export function tokenAccess(state: State, { credential }: Call): Access {
  if (credential === undefined) throw new Refusal(401, 'Requires authentication');
  if (credential.scheme !== 'bearer' && credential.scheme !== 'token') throw badCredentials();
  return state.tokens.use(credential.secret, now(state));
}

/** By `repos/{owner}/{name}`, or by `repositories/{id}`, which GitHub takes too. */
function repositoryIn(registry: Registry, segments: readonly string[]) {
  const [first, second = '', third = ''] = segments;
  return first === 'repos'
    ? { repository: registry.repository(second, third), rest: segments.slice(3) }
    : { repository: registry.repositoryById(Number(second)), rest: segments.slice(2) };
}

async function answerRepository(
  state: State,
  access: Access,
  repository: Repository | undefined,
  method: string,
  rest: readonly string[],
  body: Buffer,
): Promise<Answer> {
  const [first, ...below] = rest;
  switch (`${method} ${first ?? ''}`) {
    case 'GET ':
      return { status: 200, body: asJson(access.open(repository, 'metadata', 'read')) };
    case 'GET contents': {
      const opened = access.open(repository, 'contents', 'read');
      const content = await state.repositories.read(opened, below.join('/'));
      if (content === undefined) throw notFound();
      return {
        status: 200,
        body: { type: 'file', path: below.join('/'), encoding: 'base64', content: content.toString('base64') },
      };
    }
    case 'GET issues':
      access.open(repository, 'issues', 'read');
      return { status: 200, body: [] };
    case 'POST issues':
      access.open(repository, 'issues', 'write');
      return { status: 201, body: { number: 1, state: 'open', title: titleIn(body) } };
    case 'GET pulls':
      access.open(repository, 'pull_requests', 'read');
      return { status: 200, body: [] };
    default:
      throw notFound();
  }
}

function titleIn(body: Buffer): string {
  try {
    const { title } = JSON.parse(body.toString()) as { title?: unknown };
    if (typeof title === 'string') return title;
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
  throw new Refusal(422, 'Invalid request.\n\n"title" wasn\'t supplied.');
}

const asJson = (repository: Repository) => ({
  id: repository.id,
  name: repository.name,
  full_name: fullName(repository),
  private: true,
  owner: { login: repository.owner },
});
