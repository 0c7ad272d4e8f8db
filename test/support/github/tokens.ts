import { allows, type Level, type Permissions } from './permissions.ts';
import { badCredentials, lacksPermission, notFound, suspended } from './refusal.ts';
import { type App, fullName, type Installation, type Registry, type Repository } from './registry.ts';

/** The body of the call that minted a token. */
export interface TokenRequest {
  readonly repositories?: readonly string[];
  readonly repository_ids?: readonly number[];
  readonly permissions?: Permissions;
}

/** A token that was minted, and what for. */
export interface Mint {
  readonly at: Date;
  /** Where it was asked for, without the port. */
  readonly host: string;
  readonly app: App;
  readonly installationId: number;
  readonly owner: string;
  /** What was asked for, word by word. */
  readonly asked: TokenRequest;
  /** `owner/name` of each repository it opened then, sorted. */
  readonly repositories: readonly string[];
  /** What it allows: what was asked for, or all that the installation has; always with `metadata: read`. */
  readonly permissions: Permissions;
  readonly token: string;
  readonly expiresAt: Date;
}

/** How long other machines of GitHub do not know a new token: for some ms, for the first few uses, or both. */
export interface ReplicationLag {
  readonly ms?: number;
  readonly uses?: number;
}

interface Held {
  readonly mint: Mint;
  /** Undefined: whatever the installation includes at the time of use. */
  readonly chosen: readonly Repository[] | undefined;
  readonly knownFrom: number;
  usesUnknown: number;
}

/** A token that was shown and is good. */
export interface Access {
  readonly mint: Mint;
  readonly repositories: readonly Repository[];
  /**
   * Looks up a repository that the token opens.
   * @throws Refusal 404 when it does not, 403 when it lacks the permission
   */
  open(repository: Repository | undefined, permission: string, level: Level): Repository;
}

/** The installation tokens there are. */
export class Tokens {
  readonly #registry: Registry;
  readonly #held = new Map<string, Held>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** @param chosen the repositories asked for; undefined means all of the installation, also later ones */
  keep(mint: Mint, chosen: readonly Repository[] | undefined, lag: ReplicationLag): void {
    const knownFrom = Date.now() + (lag.ms ?? 0);
    this.#held.set(mint.token, { mint, chosen, knownFrom, usesUnknown: lag.uses ?? 0 });
  }

  /** Whether it was minted here, expired or not; for records, not for checks. */
  mintOf(token: string | undefined): Mint | undefined {
    return this.#held.get(token ?? '')?.mint;
  }

  /** Makes it worthless at once. */
  revoke(token: string): void {
    const held = this.#held.get(token);
    if (held !== undefined) this.#held.set(token, { ...held, knownFrom: Number.POSITIVE_INFINITY });
  }

  /** Makes worthless all that there are; returns how many. */
  revokeAll(): number {
    for (const token of this.#held.keys()) this.revoke(token);
    return this.#held.size;
  }

  /**
   * Checks a token, which counts as a use of it.
   *
   * @param now in ms since 1970
   * @throws Refusal 401 when it is unknown, not yet known everywhere, expired, revoked or of an installation that is gone; 403
   * when the installation is suspended
   */
  use(token: string | undefined, now: number): Access {
    const held = this.#held.get(token ?? '');
    if (held === undefined || Date.now() < held.knownFrom || held.mint.expiresAt.getTime() <= now) {
      throw badCredentials();
    }
    if (held.usesUnknown > 0) {
      held.usesUnknown -= 1;
      throw badCredentials();
    }
    const installation = this.#registry.installation(held.mint.installationId);
    if (installation === undefined) throw badCredentials();
    if (installation.suspended) throw suspended();
    return this.#access(held, installation);
  }

  #access({ mint, chosen }: Held, installation: Installation): Access {
    const included = this.#registry.repositoriesOf(installation);
    const repositories = chosen === undefined ? included : chosen.filter((one) => included.includes(one));
    return {
      mint,
      repositories,
      open: (repository, permission, level) => {
        if (repository === undefined || !repositories.includes(repository)) throw notFound();
        if (!allows(mint.permissions, permission, level)) throw lacksPermission(permission, level);
        return repository;
      },
    };
  }
}

/** Whether the token of an access has a permission. */
export const allowed = ({ mint }: Access, permission: string, level: Level) =>
  allows(mint.permissions, permission, level);

/** Names of repositories, for a record. */
export const namesOf = (repositories: readonly Repository[]) => repositories.map(fullName).sort();
