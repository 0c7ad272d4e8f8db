import { setTimeout as sleep } from 'node:timers/promises';
import { Cell } from '../cache/cell.ts';
import { FULL, take, waitOf } from '../cache/check-budget.ts';
import { now } from '../cache/clock.ts';
import type { Deadline } from '../cache/deadline.ts';
import type { RefreshNews, RefreshState } from '../cache/refresh.ts';
import { hasControlCharacter, withoutLastNewline } from '../secrets/control-characters.ts';
import { holding } from '../secrets/secret-value.ts';
import { leadOver } from './endpoint-clock.ts';
import type { Token } from './token.ts';
import { TokenError } from './token-error.ts';
import type { MintContext, TokenUse } from './token-use.ts';

/** How long getting a token may take, in ms. Requests wait less; a late token is kept for the next one. */
const MINT_DEADLINE = 5_000;

/** With how many versions of its secret a token is held at a time: the current one, and around a rotation two more. */
const MOST_VERSIONS = 3;

/** How long a request waits before a token that was just made is sent again, in ms. */
const SETTLING_PAUSE = 500;

/** A token for one attempt. */
export interface GivenToken {
  readonly token: Token;
  /** Whether the destination's answer stands even if it is a refusal. */
  readonly final: boolean;
}

/** What happens to the tokens of a purpose. */
export type TokenEvent = RefreshNews<Token, TokenError>;

/** What a slot needs from around it. */
export interface SlotContext {
  readonly writeBack: MintContext['writeBack'];
  readonly notify: (use: TokenUse, event: TokenEvent) => void;
  /** Told whenever a token has been overwritten: what else was made of it must go too. */
  readonly wiped?: () => void;
}

/** How the tokens of a purpose are doing. */
export interface SlotStatus {
  readonly secret: string;
  readonly endpoint: string;
  readonly purpose: string;
  readonly state: RefreshState;
  readonly expiresInSeconds?: number;
  readonly failure?: string;
  /** By how much the clock of this machine is ahead of the endpoint's; negative when it is behind. Absent: they hardly differ. */
  readonly clockAheadSeconds?: number;
}

interface Held {
  readonly use: TokenUse;
  readonly cell: Cell<Token, TokenError>;
  /** The token that the cell has, usable or not: it is held for as long. */
  token: Token | undefined;
  /** Whether it was asked for since getting it last began, and no other version was got meanwhile. */
  wanted: boolean;
  /** A renewal that a refusal has led to. */
  renewal?: Promise<void> | undefined;
}

/** The tokens of one purpose: one for each version of the secret that is asked for, each in its own cell. */
export class TokenSlot {
  readonly #context: SlotContext;
  /** By version id; the one that was made last stands last. */
  readonly #held = new Map<string, Held>();
  #budget = FULL;
  #hopelessUntil = Number.NEGATIVE_INFINITY;

  constructor(context: SlotContext) {
    this.#context = context;
  }

  /**
   * The token for a first attempt, at once when there is one. A new version of the secret does not make requests wait: the
   * token of the version before is used until the first one of the new version is there.
   *
   * @throws TokenError (or rejects with it)
   */
  get(use: TokenUse, deadline: Deadline): Token | Promise<Token> {
    const held = this.#of(use);
    held.wanted = true;
    const token = held.cell.peek();
    // A cell that nobody wanted for a while is woken by `get` alone.
    if (token !== undefined) return held.cell.get(deadline);
    const before = this.#before(use);
    if (before === undefined || held.cell.failure?.policy.isVerdict === true) return held.cell.get(deadline);
    held.cell.readAhead();
    return before;
  }

  /** Whether a refusal of what is given now would be final: another token may not be got yet. */
  get hopeless(): boolean {
    return now() < this.#hopelessUntil;
  }

  /**
   * The token for an attempt that follows a refusal: another one than those that were refused, got anew if need be, as far as
   * the budget allows.
   *
   * @param refused ids of the tokens that earlier attempts carried, in their order.
   * @throws TokenError when there is none.
   */
  async again(use: TokenUse, refused: readonly string[], deadline: Deadline): Promise<GivenToken> {
    const token = await this.get(use, deadline);
    const times = refused.filter((id) => id === token.id).length;
    if (times === 0) return { token, final: false };
    if (times === 1 && now() - token.mintedAt < (use.settlesIn ?? 0)) {
      // Others may replace it meanwhile.
      await holding([token], () => sleep(Math.min(SETTLING_PAUSE, deadline.left)));
      return { token, final: false };
    }
    const held = this.#of(use);
    // What was refused may be of the version before, while the first one of this version is on its way.
    if (held.cell.peek() === undefined) await held.cell.get(deadline);
    else await this.#renew(held, refused, deadline);
    const renewed = await this.get(use, deadline);
    if (refused.includes(renewed.id)) {
      const { failure } = held.cell;
      // With another version of the secret there may be a token that is taken.
      if (failure?.reason === 'refused') throw failure;
      this.#hopelessUntil = now() + waitOf(this.#budget, now());
    }
    return { token: renewed, final: refused.includes(renewed.id) || use.settlesIn === undefined };
  }

  /** Undefined while it has never been asked. */
  status(): SlotStatus | undefined {
    const last = [...this.#held.values()].at(-1);
    if (last === undefined) return undefined;
    const { cell, use } = last;
    const failure = use.pending?.()?.reason ?? cell.failure?.reason;
    const clockAheadSeconds = leadOver(use.endpoint);
    return {
      secret: use.secretId,
      endpoint: use.endpoint,
      purpose: use.purpose,
      state: cell.state,
      ...(cell.state === 'dead' ? {} : { expiresInSeconds: Math.round(cell.usableFor / 1_000) }),
      ...(failure === undefined ? {} : { failure }),
      ...(clockAheadSeconds === 0 ? {} : { clockAheadSeconds }),
    };
  }

  /** Lets go of all tokens, overwriting them. */
  close(): void {
    for (const versionId of [...this.#held.keys()]) this.#drop(versionId);
  }

  #of(use: TokenUse): Held {
    const known = this.#held.get(use.secret.id);
    if (known !== undefined) return known;
    for (const versionId of [...this.#held.keys()].slice(0, 1 - MOST_VERSIONS)) this.#drop(versionId);
    const held: Held = { use, cell: this.#cell(use, () => held), token: undefined, wanted: true };
    // Every renewal is made with it.
    use.secret.hold();
    this.#held.set(use.secret.id, held);
    return held;
  }

  /** Whoever is refused while a renewal is under way waits for that one. */
  async #renew(held: Held, refused: readonly string[], deadline: Deadline): Promise<void> {
    if (held.renewal === undefined) {
      if (new Set(refused).size > 1 || !this.#takesFromBudget()) return;
      held.renewal = held.cell.renew(deadline).finally(() => {
        held.renewal = undefined;
      });
    }
    await deadline.patiently(held.renewal);
  }

  #takesFromBudget(): boolean {
    const { granted, budget } = take(this.#budget, now());
    this.#budget = budget;
    return granted;
  }

  /** A token that is still good, of another version of the secret. */
  #before(use: TokenUse): Token | undefined {
    for (const [versionId, { cell }] of [...this.#held].reverse()) {
      const token = versionId === use.secret.id ? undefined : cell.peek();
      if (token !== undefined) return token;
    }
    return undefined;
  }

  #cell(use: TokenUse, own: () => Held): Cell<Token, TokenError> {
    const { writeBack, notify, wiped } = this.#context;
    const late = (ms: number) =>
      use.pending?.() ?? new TokenError(use, 'endpoint_timeout', '', `no answer in ${ms} ms`);
    return new Cell<Token, TokenError>(
      {
        load: async () => {
          this.#unwanted(use.secret.id);
          const signal = AbortSignal.timeout(MINT_DEADLINE);
          const token = await holding([use.secret], () => use.mint({ signal, writeBack }));
          if (this.#held.get(use.secret.id) !== own()) token.discard();
          else if (hasControlCharacter(withoutLastNewline(token.reveal())))
            throw new TokenError(use, 'unusable_token', 'it holds a line break or another control character');
          // With a secret that was replaced there is nothing to be got any more.
          for (const versionId of this.#held.keys()) if (versionId !== use.secret.id) this.#unwanted(versionId);
          return token;
        },
        same: (a, b) => a === b,
        lifetime: ({ lifetime }) => lifetime,
        isIdle: () => this.#held.get(use.secret.id)?.wanted !== true,
        failure: (cause) =>
          cause instanceof TokenError ? cause : new TokenError(use, 'endpoint_failed', '', nameOf(cause)),
        late,
        notify: (event) => {
          if (event.kind === 'loaded') {
            if (wiped !== undefined) event.value.attach(wiped);
            holdInstead(own(), event.value);
          }
          if (event.kind === 'purged') holdInstead(own(), undefined);
          if (event.kind === 'failed') event.error.askedAgainAt = now() + own().cell.retryAfter;
          notify(use, event);
        },
      },
      { refreshAfter: 0, maxStale: 0 },
    );
  }

  #unwanted(versionId: string): void {
    const held = this.#held.get(versionId);
    if (held !== undefined) held.wanted = false;
  }

  #drop(versionId: string): void {
    const held = this.#held.get(versionId);
    if (held === undefined) return;
    this.#held.delete(versionId);
    held.cell.close();
    holdInstead(held, undefined);
    held.use.secret.release();
  }
}

/** Requests that are about to send the token before hold it themselves. */
function holdInstead(held: Held, token: Token | undefined): void {
  token?.hold();
  held.token?.release();
  held.token = token;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
