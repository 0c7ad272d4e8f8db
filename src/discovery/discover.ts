import { parseAccept } from 'hono/utils/accept';
import type { Deadline } from '../cache/deadline.ts';
import type { InstanceTags } from '../callers/instance-tags.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { Replied } from '../processor/answer.ts';
import type { RequestFacts } from '../processor/request-facts.ts';
import { askedAt } from './asked-at.ts';
import { CONTENT_SECURITY_POLICY } from './page.ts';
import { renderingOf } from './rendering.ts';
import { usableBy } from './usable.ts';

/** The headers that an answer may have; the filter's mutation_rules must let each of them be written. */
export const ANSWER_HEADERS = [
  'content-type',
  'cache-control',
  'vary',
  'x-content-type-options',
  'content-security-policy',
  'allow',
  'x-attache-error',
];

/** The headers of a question that Attaché must be shown, besides those that it is shown of every request. */
export const QUESTION_HEADERS = [':scheme', 'accept'];

/**
 * Answers who asks what it may use: at `/`, GET and HEAD, as JSON, or as a page when `accept` prefers HTML. The caller is told by
 * the same facts as on a request for a credential.
 *
 * @param about.instances absent: tags come from the configuration alone.
 */
export async function discover(
  facts: RequestFacts,
  about: { readonly catalogue: Catalogue; readonly instances: InstanceTags | undefined; readonly deadline: Deadline },
): Promise<Replied> {
  const [path = '', query] = facts.path.split(/\?(.*)/s, 2);
  if (path !== '/') return refusal(404, 'not_found', 'Nothing is here. Ask for / to learn what you may use.');
  if (facts.method !== 'GET' && facts.method !== 'HEAD') {
    return refusal(405, 'method_not_allowed', 'Ask with GET or HEAD.', { allow: 'GET, HEAD' });
  }
  const headers = new Map(facts.headers());
  const { caller } = facts;
  const page = pageAsked(query ?? '');
  const form = prefersHtml(headers.get('accept') ?? '') ? 'html' : 'json';
  const at = askedAt(facts.authority, headers.get(':scheme'));
  const found = await usableBy(caller, about);
  const text = page && renderingOf(about.catalogue).text(found, { caller, at, page, form });
  if (!text) return refusal(404, 'not_found', 'There is no such page. Ask for / to see the first one.');
  return form === 'html'
    ? reply(200, 'text/html; charset=utf-8', text, { 'content-security-policy': CONTENT_SECURITY_POLICY })
    : reply(200, 'application/json', text);
}

/** Undefined when it is no number of a page. */
function pageAsked(query: string): number | undefined {
  const [, page = '1'] = /(?:^|&)page=([^&]*)/.exec(query) ?? [];
  return /^[1-9]\d{0,5}$/.test(page) ? Number(page) : undefined;
}

/** Whoever takes anything is a program. */
function prefersHtml(accept: string): boolean {
  // The best one comes first.
  const types = parseAccept(accept);
  const quality = (type: string) => types.find((it) => it.type === type)?.q ?? 0;
  return quality('text/html') > quality('application/json');
}

function refusal(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  return reply(status, 'application/json', body, { 'x-attache-error': code, ...headers });
}

function reply(status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): Replied {
  const common = {
    'content-type': type,
    'cache-control': 'no-store',
    vary: 'accept',
    'x-content-type-options': 'nosniff',
  };
  return { kind: 'reply', about: 'discovery', status, headers: { ...common, ...headers }, body };
}
