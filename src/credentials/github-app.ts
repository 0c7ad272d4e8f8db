import { z } from 'zod';
import { canonicalSegments } from '../paths/canonical-path.ts';
import { GitHubApp } from '../tokens/github-app.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { basicField } from './basic.ts';
import { bearerField } from './bearer.ts';
import { endpointUrl } from './endpoint-url.ts';
import type { CredentialKind, RequestToInject, TokenStep } from './kind.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { secretText } from './secret-text.ts';
import { UnfitRequestError } from './unfit-request-error.ts';

/** A token that is new is not known everywhere at once, in ms. */
const SETTLES_IN = 5_000;

/** The most repositories that a token may be limited to. */
const MOST_REPOSITORIES = 500;

/** What the names of owners and repositories consist of. */
const NAME = /^[\w.-]+$/;

const repository = z.string().refine(isRepository, {
  message: 'is no repository',
  params: { mend: 'write owner/name, without .git' },
});

/**
 * `github_app: { repositories: [acme/shop], permissions: { contents: read } }` sends a token of the GitHub App whose
 * `{"app_id", "private_key", "installation_id"?}` the secret holds: as a bearer token to the API, and as user and password to git.
 * Repositories limit both the token and the paths.
 *
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
 */
export const githubApp: CredentialKind = {
  key: 'github_app',
  example: 'github_app: { repositories: [owner/name], permissions: { contents: read } }',
  schema: z
    .strictObject({
      repositories: z.array(repository).min(1).max(MOST_REPOSITORIES).optional(),
      permissions: z
        .record(
          z.string().regex(/^[a-z_]+$/, 'is no permission'),
          z.enum(['read', 'write', 'admin'], 'must be read, write or admin'),
        )
        .refine((map) => Object.keys(map).length > 0, 'names no permission')
        .optional(),
      api: endpointUrl.default('https://api.github.com'),
    })
    .transform(({ repositories, permissions, api }) => {
      const base = new URL(api);
      const prefix = base.pathname.replace(/\/$/, '');
      const limits = repositories?.map((name) => name.toLowerCase());
      const sorted = permissions && Object.fromEntries(Object.entries(permissions).sort());
      const targetOf = (request: RequestToInject) => target(request, base.host, prefix);
      return {
        places: ['authorization'],
        writes: ['authorization'],
        templates: [],
        shape: { app_id: '…', private_key: '-----BEGIN RSA PRIVATE KEY-----\n…' },
        sendsToken: true,
        refusal: (request) => {
          if (limits === undefined) return undefined;
          const { repository: asked, isGraphql } = targetOf(request);
          return isGraphql || (asked !== undefined && limits.includes(asked))
            ? undefined
            : `This integration is for the repositories ${repositories?.join(', ')} alone, and the path names none of them in a plain way.`;
        },
        prepare: (secretId, secret): TokenStep => {
          const fields = new SecretFields(secretId, secret);
          const appId = fields.required('app_id');
          const installation = fields.optionalDigits('installation_id');
          const origin = { secretId, endpoint: base.host };
          const app = new GitHubApp(origin, base.origin + prefix, appId, fields.rsaKey('private_key'));
          const asBearer = perToken((token) => ({
            fields: [bearerField(secretText(token.reveal(), 'the token of GitHub'), secretId)],
          }));
          const asBasic = perToken((token) => ({
            fields: [basicField('x-access-token', secretText(token.reveal(), 'the token of GitHub'), secretId)],
          }));
          const useFor = (owner: string | undefined): TokenUse => {
            const names = namesOf(limits, owner);
            const where = installation === undefined ? { owner: owner ?? '' } : { installation };
            const grant = {
              ...(names === undefined ? {} : { repositories: names }),
              ...(sorted === undefined ? {} : { permissions: sorted }),
            };
            return {
              ...origin,
              secret,
              purpose: `github_app ${JSON.stringify({ app: appId, ...where, ...grant })}`,
              settlesIn: SETTLES_IN,
              mint: ({ signal }) => app.token(where, grant, signal),
            };
          };
          const uses = new Map<string | undefined, TokenUse>();
          const owners = new Set(limits?.map(ownerOf));
          return {
            token: (request) => {
              const { isApi, owner: named } = targetOf(request);
              const [only, ...others] = owners;
              const owner = named ?? (others.length === 0 ? only : undefined);
              if (owner === undefined && (installation === undefined || owners.size > 1))
                throw new UnfitRequestError(
                  'The path names no owner, so it is not known which installation of the GitHub App is meant. Put installation_id into the secret, or name repositories of one owner.',
                );
              const key = installation === undefined || owners.size > 1 ? owner : undefined;
              let use = uses.get(key);
              if (use === undefined) {
                use = useFor(key ?? owner);
                if (uses.size < MOST_REPOSITORIES) uses.set(key, use);
              }
              return { use, step: isApi ? asBearer : asBasic };
            },
          };
        },
      };
    }),
};

/** What a request is about. Owner and repository are in lower case, in which GitHub tells them apart. */
interface Target {
  /** For the API, which takes a bearer token; otherwise for git. */
  readonly isApi: boolean;
  readonly isGraphql: boolean;
  readonly owner: string | undefined;
  /** `owner/name`; undefined for a path that names none, or not in a plain way. */
  readonly repository: string | undefined;
}

function isRepository(text: string): boolean {
  const names = text.split('/');
  return (
    names.length === 2 && names.every((name) => NAME.test(name) && !/^\.{1,2}$/.test(name)) && !/\.git$/i.test(text)
  );
}

function target({ authority, path }: RequestToInject, apiHost: string, prefix: string): Target {
  const segments = canonicalSegments(path, { delimiters: 'text' })?.map(lowerCase);
  // GitHub Enterprise Server has its API and git on one host: https://docs.github.com/enterprise-server/rest
  const [first, ...rest] = segments ?? [];
  const below = prefix.split('/').filter((part) => part !== '');
  const isRest = authority === apiHost && below.every((part, index) => segments?.[index] === part.toLowerCase());
  const isGraphql =
    authority === apiHost &&
    (below.length === 0 ? first === 'graphql' && rest.length === 0 : first === 'api' && rest.join('/') === 'graphql');
  const isApi = isRest || isGraphql;
  if (segments === undefined || isGraphql) return { isApi, isGraphql, owner: undefined, repository: undefined };
  if (!isApi) return { isApi, isGraphql, ...ownerAndName(first, rest[0]?.replace(/\.git$/, '')) };
  const [kind, owner, name] = segments.slice(below.length);
  if (kind === 'repos') return { isApi, isGraphql, ...ownerAndName(owner, name) };
  const isOfOwner = kind === 'orgs' || kind === 'users';
  return { isApi, isGraphql, ...ownerAndName(isOfOwner ? owner : undefined, undefined) };
}

/** Of letters outside ASCII some are others in lower case: the Kelvin sign is a k. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function ownerAndName(owner: string | undefined, name: string | undefined) {
  if (owner === undefined || !NAME.test(owner)) return { owner: undefined, repository: undefined };
  return { owner, repository: name === undefined || !NAME.test(name) ? undefined : `${owner}/${name}` };
}

function ownerOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'));
}

/** The names of those repositories that an owner has, in a fixed order. */
function namesOf(repositories: readonly string[] | undefined, owner: string | undefined): string[] | undefined {
  const names = repositories
    ?.filter((repository) => owner === undefined || ownerOf(repository) === owner)
    .map((repository) => repository.slice(repository.indexOf('/') + 1));
  return names && [...new Set(names)].sort();
}
