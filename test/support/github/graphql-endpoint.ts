import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { notFound, Refusal } from './refusal.ts';
import { botOf } from './registry.ts';
import { tokenAccess } from './rest-endpoints.ts';
import type { State } from './state.ts';
import { namesOf } from './tokens.ts';

/**
 * Answers every query alike: who asks, and which repositories the token opens.
 *
 * @throws Refusal as GitHub refuses
 * @see https://docs.github.com/en/graphql/guides/forming-calls-with-graphql
 */
export function answerGraphql(state: State, call: Call, body: Buffer): Answer {
  const access = tokenAccess(state, call);
  if (call.method !== 'POST') throw notFound();
  if (!hasQuery(body)) throw new Refusal(400, 'Problems parsing JSON');
  const nodes = namesOf(access.repositories).map((nameWithOwner) => ({ nameWithOwner }));
  return { status: 200, body: { data: { viewer: { login: botOf(access.mint.app), repositories: { nodes } } } } };
}

function hasQuery(body: Buffer): boolean {
  try {
    return typeof (JSON.parse(body.toString()) as { query?: unknown } | null)?.query === 'string';
  } catch {
    return false;
  }
}
