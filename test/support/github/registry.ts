import type { KeyObject } from 'node:crypto';
import type { Permissions } from './permissions.ts';

/** A GitHub App. */
export interface App {
  readonly appId: number;
  /** Accepted as `iss` beside the id. */
  readonly clientId?: string;
  /** Its name in addresses; `app-<id>` unless given. Its user is `<slug>[bot]`. */
  readonly slug?: string;
  /** Every key that is valid now; an app may have several while its owner changes them. */
  publicKeys: readonly KeyObject[];
}

/** Where an app is installed. What is not readonly may change at any time; tokens that were minted keep what they had. */
export interface Installation {
  readonly id: number;
  readonly appId: number;
  /** The login of its account. */
  readonly owner: string;
  readonly ownerType: 'Organization' | 'User';
  /** Names without the owner, or all that the owner has. */
  repositories: readonly string[] | 'all';
  permissions: Permissions;
  suspended: boolean;
}

/** What `install` needs; the id is chosen, and the owner an organization, unless given. */
export type NewInstallation = Pick<Installation, 'appId' | 'owner' | 'repositories' | 'permissions'> &
  Partial<Pick<Installation, 'id' | 'ownerType'>>;

/** A repository, found by its name in any case. */
export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** `owner/name`. */
export const fullName = ({ owner, name }: Pick<Repository, 'owner' | 'name'>) => `${owner}/${name}`;

/** An app's name in addresses. */
export const slugOf = ({ slug, appId }: App) => slug ?? `app-${appId}`;

/** The user that acts for an app. */
export const botOf = (app: App) => `${slugOf(app)}[bot]`;

/** The apps, where they are installed, and the repositories there are. */
export class Registry {
  readonly #apps: App[] = [];
  readonly #installations = new Map<number, Installation>();
  readonly #repositories: Repository[] = [];
  #nextId = 51_000_001;

  register(app: App): App {
    this.#apps.push(app);
    return app;
  }

  /** By its id or client id, as a JWT names it: a number or a string. */
  app(issuer: unknown): App | undefined {
    return this.#apps.find(({ appId, clientId }) => String(issuer) === String(appId) || issuer === clientId);
  }

  install(wanted: NewInstallation): Installation {
    const { id = this.#nextId++, ownerType = 'Organization' } = wanted;
    const installation: Installation = { ...wanted, id, ownerType, suspended: false };
    this.#installations.set(id, installation);
    return installation;
  }

  /** Takes the installation away, as its owner can at any time. */
  remove(id: number): void {
    this.#installations.delete(id);
  }

  /**
   * Removes it and installs the same anew: everything stays but the id.
   * @throws Error when there is no such installation
   */
  reinstall(id: number): Installation {
    const old = this.#installations.get(id);
    if (old === undefined) throw new Error(`there is no installation ${id} to install again`);
    this.remove(id);
    const { id: _, suspended: __, ...wanted } = old;
    return this.install(wanted);
  }

  installation(id: number): Installation | undefined {
    return this.#installations.get(id);
  }

  /** Where an app is installed for an owner, in any case of its login. */
  installationOf(app: App, owner: string): Installation | undefined {
    return [...this.#installations.values()].find((one) => one.appId === app.appId && same(one.owner, owner));
  }

  /** Adds a repository; those of installations with `all` include it at once. */
  add(owner: string, name: string): Repository {
    const repository = { id: this.#nextId++, owner, name };
    this.#repositories.push(repository);
    return repository;
  }

  repository(owner: string, name: string): Repository | undefined {
    return this.#repositories.find((one) => same(one.owner, owner) && same(one.name, name));
  }

  repositoryById(id: number): Repository | undefined {
    return this.#repositories.find((one) => one.id === id);
  }

  /** The repositories that exist and that the installation includes now. */
  repositoriesOf({ owner, repositories }: Installation): readonly Repository[] {
    return this.#repositories.filter(
      (one) => same(one.owner, owner) && (repositories === 'all' || repositories.some((name) => same(name, one.name))),
    );
  }
}
