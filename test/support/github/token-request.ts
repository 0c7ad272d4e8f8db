import { allows, isLevel, type Permissions } from './permissions.ts';
import { Refusal } from './refusal.ts';
import type { Installation, Registry, Repository } from './registry.ts';
import type { TokenRequest } from './tokens.ts';

/** The most repositories that a request may name. */
const MOST_REPOSITORIES = 500;

/**
 * Reads the body of a request for a token; an empty one asks for everything.
 *
 * @throws Refusal 400 when it is no JSON, 422 when something in it has another shape. Empty lists and maps are refused too:
 * what GitHub makes of them is not documented, so nobody should send them.
 */
export function readTokenRequest(body: Buffer): TokenRequest {
  let parsed: unknown = {};
  try {
    if (body.length > 0) parsed = JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid('the body');
  const { repositories, repository_ids, permissions } = parsed as Record<string, unknown>;
  return {
    ...(repositories === undefined ? {} : { repositories: listOf(repositories, 'string', 'repositories') }),
    ...(repository_ids === undefined ? {} : { repository_ids: listOf(repository_ids, 'number', 'repository_ids') }),
    ...(permissions === undefined ? {} : { permissions: permissionsIn(permissions) }),
  } as TokenRequest;
}

/**
 * The repositories asked for; undefined when none were.
 *
 * @throws Refusal 422 when one is not among those of the installation
 */
export function chosenRepositories(
  { repositories, repository_ids }: TokenRequest,
  installation: Installation,
  registry: Registry,
): readonly Repository[] | undefined {
  if (repositories === undefined && repository_ids === undefined) return undefined;
  const included = registry.repositoriesOf(installation);
  const chosen = [
    ...(repositories ?? []).map((name) => included.find((one) => one.name.toLowerCase() === name.toLowerCase())),
    ...(repository_ids ?? []).map((id) => included.find((one) => one.id === id)),
  ];
  return [...new Set(chosen)].map((one) => {
    if (one !== undefined) return one;
    throw new Refusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  });
}

/**
 * What a token will allow.
 *
 * @throws Refusal 422 when more is asked for than the installation has
 */
export function grantedPermissions({ permissions }: TokenRequest, installation: Installation): Permissions {
  const wanted = permissions ?? installation.permissions;
  if (
    !Object.entries(wanted).every(([name, level]) =>
      allows({ metadata: 'read', ...installation.permissions }, name, level),
    )
  ) {
    throw new Refusal(422, 'The permissions requested are not granted to this installation.');
  }
  return { metadata: 'read', ...wanted };
}

function listOf(value: unknown, type: 'string' | 'number', name: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((one) => typeof one === type)) throw invalid(name);
  if (value.length > MOST_REPOSITORIES) throw invalid(name);
  return value;
}

function permissionsIn(value: unknown): Permissions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('permissions');
  const levels = Object.values(value);
  if (levels.length === 0 || !levels.every(isLevel)) throw invalid('permissions');
  return value as Permissions;
}

const invalid = (what: string) => new Refusal(422, `Invalid request.\n\n${what} is not what it should be.`);
