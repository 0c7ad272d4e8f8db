import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { z } from 'zod';
import { FULL, take, waitOf } from '../cache/check-budget.ts';
import { now } from '../cache/clock.ts';
import { askInTime, leadInWords, timeAt } from './endpoint-clock.ts';
import { exchange, failureOfAnswer } from './exchange.ts';
import { lifetimeOf } from './lifetime.ts';
import { quotable } from './quotable.ts';
import { bounded, dateOf, retryAfterOf } from './retry-after.ts';
import { Token } from './token.ts';
import { TokenError, type TokenFailureReason, type TokenOrigin } from './token-error.ts';

/** How long the App's own token lives, in seconds: GitHub refuses more than ten minutes, by its clock. */
const JWT_LIFE = 540;

/** How far the App's own token is dated back, in seconds: clocks differ. */
const JWT_BACK = 60;

/** How long GitHub wants to be left alone after a limit of which it does not say when it ends, in ms. */
const UNSAID_PAUSE = 60_000;

/** An installation token is renewed with this much of its hour left, in ms. */
const RENEW_WITH_LEFT = 10 * 60_000;

/** Of how many owners the installation is remembered. */
const MOST_OWNERS = 1_000;

/** How many owners are looked up at a time. */
const LOOK_UPS = 4;

/** With what GitHub redirects. */
const MOVED = [301, 302, 307, 308];

/** In what words GitHub says why: it answers alike otherwise. */
const MESSAGE = z.object({ message: z.string() });
const NO_APP = 'Integration not found';
const IP_ALLOW_LIST = /\bIP allow list\b|\bIP address is not permitted\b/i;
const LIMIT = /\brate limit\b|\babuse detection\b/i;
const SUSPENDED = /\bsuspended\b/i;

const INSTALLATION = z.object({ id: z.number().int() });
const ACCESS_TOKEN = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) });

/** What an installation token is to be good for; what is left out is all that the installation has. */
export interface GitHubGrant {
  /** Names without their owner. */
  readonly repositories?: readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
}

/**
 * A GitHub App with its private key: finds its installations and gets their tokens.
 *
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
 */
export class GitHubApp {
  readonly #origin: TokenOrigin;
  readonly #api: string;
  readonly #appId: string;
  readonly #key: KeyObject;
  readonly #installations = new LRUCache<string, number>({ max: MOST_OWNERS });
  readonly #lookUps = new PQueue({ concurrency: LOOK_UPS });
  /** How often an owner without an installation may be looked up. */
  #misses = FULL;

  /** @param api without a slash at its end, for example `https://api.github.com`. */
  constructor(origin: TokenOrigin, api: string, appId: string, key: KeyObject) {
    this.#origin = origin;
    this.#api = api;
    this.#appId = appId;
    this.#key = key;
  }

  /**
   * A token of the installation that an owner has, or of a given one. An App that was installed anew has another installation:
   * one that is gone is looked up once more.
   *
   * @throws TokenError
   */
  async token(
    where: { readonly installation: string } | { readonly owner: string },
    grant: GitHubGrant,
    signal: AbortSignal,
  ): Promise<Token> {
    if ('installation' in where) return this.#mint(where.installation, grant, signal);
    const { owner } = where;
    const known = this.#installations.get(owner);
    if (known !== undefined) {
      try {
        return await this.#mint(known, grant, signal);
      } catch (error) {
        if (!(error instanceof TokenError) || error.reason !== 'not_installed') throw error;
        this.#installations.delete(owner);
      }
    }
    const found = await this.#lookUps.add(() => this.#unlessTooMany(owner, signal), { signal });
    this.#installations.set(owner, found);
    return this.#mint(found, grant, signal);
  }

  async #mint(installation: string | number, grant: GitHubGrant, signal: AbortSignal): Promise<Token> {
    const response = await this.#call(`/app/installations/${installation}/access_tokens`, signal, grant);
    if (response.status !== 201) throw await this.#failure(response);
    const { token, expires_at: expiresAt } = await this.#read(response, ACCESS_TOKEN);
    // Their clock and ours may differ; the length of its life does not. Theirs is told in whole seconds, so it may be later.
    const date = dateOf(response.headers);
    const now = date === undefined ? Date.now() : date + 999;
    return new Token(token, lifetimeOf(Date.parse(expiresAt) - now, RENEW_WITH_LEFT));
  }

  /**
   * Whoever can reach a route may name owners as it likes. Those without an installation are looked up ever more rarely, all of
   * them together, so that made-up names cost GitHub's quota little; an owner that has one costs nothing of this.
   */
  async #unlessTooMany(owner: string, signal: AbortSignal): Promise<number> {
    if (waitOf(this.#misses, now()) > 0)
      throw new TokenError(
        this.#origin,
        'not_installed',
        `${owner} is not looked up now: too many others had no installation`,
      );
    try {
      return await this.#find(owner, signal);
    } catch (error) {
      if (error instanceof TokenError && error.reason === 'not_installed')
        this.#misses = take(this.#misses, now()).budget;
      throw error;
    }
  }

  async #find(owner: string, signal: AbortSignal): Promise<number> {
    for (const kind of ['orgs', 'users']) {
      const asked = await this.#call(`/${kind}/${encodeURIComponent(owner)}/installation`, signal);
      const moved = this.#movedTo(asked);
      const response = moved === undefined ? asked : await this.#call(moved, signal);
      if (response.status === 200) return (await this.#read(response, INSTALLATION)).id;
      if (response.status !== 404) throw await this.#failure(response);
    }
    throw new TokenError(this.#origin, 'not_installed', `not installed at ${owner}`);
  }

  /**
   * Where GitHub says that an owner is now who was renamed, below the API; undefined for all else. The App's own token goes to no
   * other host.
   *
   * @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
   */
  #movedTo({ status, headers }: Response): string | undefined {
    const location = headers.get('location');
    if (!MOVED.includes(status) || location === null || !URL.canParse(location, this.#api)) return undefined;
    const { href } = new URL(location, this.#api);
    return href.startsWith(`${this.#api}/`) ? href.slice(this.#api.length) : undefined;
  }

  async #call(path: string, signal: AbortSignal, body?: GitHubGrant): Promise<Response> {
    const response = await askInTime(this.#origin.endpoint, async () =>
      exchange(this.#origin, this.#api + path, {
        signal,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${await this.#jwt()}`,
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28',
          'user-agent': 'attache',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const { status } = response;
    if (status !== 401 && status !== 404) return response;
    const message = await messageOf(response);
    if (status === 404 && message !== NO_APP) return response;
    const why = leadInWords(this.#origin.endpoint) || 'app_id and private_key do not fit';
    throw new TokenError(this.#origin, 'refused', `HTTP ${status}: ${why}`, this.#detail(status, message));
  }

  #jwt(): Promise<string> {
    const now = Math.floor(timeAt(this.#origin.endpoint) / 1_000);
    return new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(this.#appId)
      .setIssuedAt(now - JWT_BACK)
      .setExpirationTime(now + JWT_LIFE)
      .sign(this.#key);
  }

  async #read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
    const body: unknown = await response.json().catch(() => undefined);
    const { data } = schema.safeParse(body);
    if (data === undefined) throw new TokenError(this.#origin, 'unusable_token', 'an answer of another form');
    return data;
  }

  /**
   * A 403 is told apart by its words: a limit, an address that is not let in, an installation that is suspended.
   *
   * @see https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
   * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
   */
  async #failure(response: Response): Promise<TokenError> {
    const { status, headers } = response;
    const message = await messageOf(response);
    const fail = (reason: TokenFailureReason, said: string, retryAfter?: number) =>
      new TokenError(this.#origin, reason, `HTTP ${status}: ${said}`, this.#detail(status, message), retryAfter);
    if (status === 404) return fail('not_installed', 'no such installation');
    if (status === 422) return fail('not_installed', 'it lacks one of these repositories or permissions');
    if (status !== 403 && status !== 429) return failureOfAnswer(this.#origin, response);
    if (IP_ALLOW_LIST.test(message)) return fail('address_refused', 'its owner has an IP allow list');
    if (LIMIT.test(message) || headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0')
      return fail('endpoint_throttled', 'too many calls', pauseOf(headers));
    if (SUSPENDED.test(message)) return fail('not_installed', 'the installation is suspended');
    return fail(status === 429 ? 'endpoint_throttled' : 'refused', 'GitHub does not allow it');
  }

  /** What GitHub says itself, for the log. */
  #detail(status: number, message: string): string {
    const quoted = quotable(message, []);
    return quoted === undefined ? `HTTP ${status}` : `HTTP ${status}: ${quoted}`;
  }
}

async function messageOf(response: Response): Promise<string> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return MESSAGE.safeParse(body).data?.message ?? '';
}

/** How long GitHub wants to be left alone, in ms. */
function pauseOf(headers: Headers): number {
  const asked = retryAfterOf(headers);
  if (asked !== undefined) return asked;
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN) * 1_000;
  const isOver = headers.get('x-ratelimit-remaining') === '0' && !Number.isNaN(reset);
  return isOver ? bounded(reset - (dateOf(headers) ?? Date.now())) : UNSAID_PAUSE;
}
