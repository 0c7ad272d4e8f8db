import type { Journal } from '../../../local/journal.ts';
import type { SeenJwt } from './app-jwt.ts';
import type { BareRepositories } from './bare-repositories.ts';
import type { Registry } from './registry.ts';
import type { TokenForm } from './token-text.ts';
import type { Mint, ReplicationLag, Tokens } from './tokens.ts';

/** What a test may turn while it runs; tokens that were minted keep what they got. */
export interface Settings {
  /** The form of new tokens. `long` unless set. A call's `x-github-stateless-s2s-token: enabled` or `disabled` overrides it. */
  tokenForm: TokenForm;
  /** How long new tokens live, in ms; the end is put off to a whole second. One hour unless set. */
  tokenLifeMs: number;
  /** How long the rest of GitHub does not know new tokens. Not at all unless set. */
  replicationLag: ReplicationLag;
  /** How far GitHub's clock is ahead of ours, in ms: for JWTs, expiry and the `date` header. 0 unless set. */
  clockSkewMs: number;
}

/** All that one GitHub knows. */
export interface State {
  readonly registry: Registry;
  readonly tokens: Tokens;
  readonly repositories: BareRepositories;
  readonly settings: Settings;
  readonly mints: Journal<Mint>;
  readonly jwts: Journal<SeenJwt>;
}

/** The time by GitHub's clock, in ms since 1970. */
export const now = ({ settings }: State) => Date.now() + settings.clockSkewMs;
