import type { Node } from 'yaml';
import type { Credential } from '../credentials/kind.ts';
import type { CredentialDescription } from './description.ts';
import type { Problem } from './problem.ts';
import type { RequestOptions } from './request-options.ts';
import type { YamlSource } from './yaml-source.ts';

/** What a block asks for beside `lane: express`. */
export interface BesideLane {
  readonly callers: readonly string[] | undefined;
  readonly options: Pick<RequestOptions, 'lane' | 'allow' | 'redact'>;
  readonly credentials: readonly Credential[];
  readonly descriptions: readonly CredentialDescription[];
}

/** Keys that need a decision on each request, and what is decided. */
const DECIDED: readonly (readonly [key: string, reason: string, (it: BesideLane) => boolean])[] = [
  ['callers', 'who may use it is decided by Attaché', ({ callers }) => callers !== undefined],
  ['allow', 'what may be requested is decided by Attaché', ({ options }) => options.allow !== undefined],
  ['redact', 'what is taken out of a response is told by Attaché', ({ options }) => options.redact],
];

/** Kinds whose value is not the same for all requests. */
const VARYING: Readonly<Record<string, string>> = {
  query: 'the key is put into each URL',
  path: 'the key is put into each URL',
  aws_sigv4: 'each request gets a signature of its own',
};

/** What cannot stand beside `lane: express`, since Attaché must be asked for it. */
export function* expressFaults(source: YamlSource, block: Node, it: BesideLane): Generator<Problem> {
  if (it.options.lane !== 'express') return;
  const fault = (key: string, reason: string) =>
    source.error(
      source.key(block, key) ?? block,
      `${key} and lane: express exclude one another: ${reason}, on each request, and in this lane Envoy does not ask`,
      'take lane: express away',
    );
  for (const [key, reason, isThere] of DECIDED) if (isThere(it)) yield fault(key, reason);
  const varying = it.descriptions.flatMap(({ kind, options }) => {
    const reason = VARYING[kind] ?? (kind === 'github_app' ? byPath(options) : undefined);
    return reason === undefined ? [] : [fault(kind, reason)];
  });
  yield* varying;
  if (varying.length > 0) return;
  const headers = it.credentials.flatMap(({ writes }) => writes);
  const appends = it.credentials.some((credential) => (credential.appends ?? []).length > 0);
  if (headers.length > 1 || appends || it.credentials.length > 1)
    yield source.error(
      source.key(block, 'lane') ?? block,
      appends
        ? 'lane: express cannot add to what a caller sends in a header'
        : `lane: express sets one header, and this integration sets ${headers.length}: ${headers.join(', ')}`,
      'take lane: express away',
    );
}

/** Why the token of a GitHub App depends on the path. */
function byPath(options: unknown): string | undefined {
  const { repositories, api } = options as { readonly repositories?: unknown; readonly api?: unknown };
  if (repositories !== undefined) return 'repositories limits which paths may be requested';
  return api === undefined ? undefined : 'with an API of its own the path says whether the API or git is meant';
}
