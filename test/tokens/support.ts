import type { SecretVersion } from '../../src/secrets/secret-version.ts';
import { lifetimeOf } from '../../src/tokens/lifetime.ts';
import { Token } from '../../src/tokens/token.ts';
import { TokenError, type TokenFailureReason } from '../../src/tokens/token-error.ts';
import { type TokenEvent, TokenSlot } from '../../src/tokens/token-slot.ts';
import type { TokenUse } from '../../src/tokens/token-use.ts';
import { version } from '../credentials/support.ts';
import { soon } from '../support/deadline.ts';

const ORIGIN = { secretId: 'prod/api', endpoint: 'auth.example.com' };

/** A call for a token, which the test answers by hand. */
export interface Call {
  /** The version of the secret that it is made with. */
  readonly version: string;
  readonly signal: AbortSignal;
  give(value: string, lifeMs?: number): Promise<void>;
  /** @param retryAfter in ms. */
  fail(reason: TokenFailureReason, retryAfter?: number): Promise<void>;
}

/** A slot whose tokens the test gives. Timers must be fake: `flush` lets what is due at once happen. */
export function scriptedSlot(
  flush: () => Promise<unknown>,
  settlesIn?: number,
  pending?: () => TokenError | undefined,
) {
  const calls: Call[] = [];
  const events: TokenEvent[] = [];
  const raw = new TokenSlot({
    writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
    notify: (_, event) => events.push(event),
  });
  const slot = {
    get: (use: TokenUse) => raw.get(use, soon()),
    again: (use: TokenUse, refused: readonly string[]) => raw.again(use, refused, soon()),
    get hopeless() {
      return raw.hopeless;
    },
    status: () => raw.status(),
    close: () => raw.close(),
  };
  const uses = new Map<string, TokenUse>();
  const useOf = (id = 'v1'): TokenUse => {
    let use = uses.get(id);
    if (use === undefined) {
      use = {
        ...ORIGIN,
        purpose: 'test',
        secret: version('secret', id) satisfies SecretVersion,
        ...(settlesIn === undefined ? {} : { settlesIn }),
        ...(pending === undefined ? {} : { pending }),
        mint: ({ signal }) => {
          const { promise, resolve, reject } = Promise.withResolvers<Token>();
          calls.push({
            version: id,
            signal,
            give: async (value, lifeMs = 600_000) => {
              resolve(new Token(value, lifetimeOf(lifeMs)));
              await flush();
            },
            fail: async (reason, retryAfter) => {
              reject(new TokenError(ORIGIN, reason, '', '', retryAfter));
              await flush();
            },
          });
          return promise;
        },
      };
      uses.set(id, use);
    }
    return use;
  };
  const call = (index: number): Call => {
    const it = calls.at(index);
    if (it === undefined) throw new Error(`no call ${index}`);
    return it;
  };
  return { slot, useOf, calls, call, events };
}

/** What a token holds, or why there is none. */
export async function outcome(get: () => unknown): Promise<string> {
  try {
    return ((await get()) as Token).reveal();
  } catch (error) {
    return (error as TokenError).reason;
  }
}
