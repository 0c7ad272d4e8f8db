/** How the caller reached Envoy when it asked: what it calls next, it reaches in the same way. */
export interface AskedAt {
  readonly scheme: 'http' | 'https';
  /** With its colon, as the caller wrote it; empty for the scheme's own. */
  readonly port: string;
  /** What follows the first label of the name: `int.localhost` for `attache.int.localhost`. */
  readonly zone: string;
}

/**
 * @param authority `:authority` of the question.
 * @param scheme `:scheme`, which Envoy sets by the listener.
 */
export function askedAt(authority: string, scheme: string | undefined): AskedAt {
  const [, name = '', port = ''] = /^(.*?)(:\d{1,5})?$/s.exec(authority.toLowerCase()) ?? [];
  const dot = name.indexOf('.');
  return { scheme: scheme === 'https' ? 'https' : 'http', port, zone: dot < 0 ? '' : name.slice(dot + 1) };
}
