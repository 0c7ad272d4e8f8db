import type { Token } from '../tokens/token.ts';

/** The function, with its result remembered for as long as the token lives. */
export function perToken<T extends object>(make: (token: Token) => T): (token: Token) => T {
  const known = new WeakMap<Token, T>();
  return (token) => {
    let result = known.get(token);
    if (result === undefined) {
      result = make(token);
      known.set(token, result);
    }
    return result;
  };
}
