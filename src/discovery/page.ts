import { html } from 'hono/html';
import type { DiscoveryAnswer } from './answer.ts';
import { curlLine } from './curl-line.ts';
import { EVERYTHING, type Listing } from './listing.ts';

/** What the page may load: nothing but its own style. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The answer as a page for people. Every text in it is escaped. */
export function discoveryPage(answer: DiscoveryAnswer): string {
  const { caller, findsNames, integrations, notes, page, pages, next } = answer;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What you may use · Attaché</title>
<style>${STYLE}</style>
<header>
<h1>What you may use</h1>
<p>You are <b>${caller.name}</b>, ${known(caller.knownBy)}. Call an address below without any key: it is added on the way out.</p>
${findsNames === undefined ? '' : html`<p>Before you use the lines for libraries, type in their shell:</p><pre tabindex="0"><code>${findsNames}</code></pre>`}
${notes.map((note) => html`<p class="note" role="status">${note}</p>`)}
</header>
<main>
${integrations.map(article)}
</main>
<footer>
${page > 1 ? html`<a href="/?page=${page - 1}" rel="prev">Page ${page - 1}</a>` : ''}
${pages > 1 ? html`<span>Page ${page} of ${pages}</span>` : ''}
${next === undefined ? '' : html`<a href="${next}" rel="next">Page ${page + 1}</a>`}
<p>Programs get the same as JSON: leave out <code>accept: text/html</code>.</p>
</footer>
</html>
`.toString();
}

function article(it: Listing) {
  const curl = curlLine(it);
  return html`<article id="${it.name}">
<h2>${it.name} <small>${it.host}</small></h2>
${curl === undefined ? '' : html`<pre tabindex="0"><code>${curl}</code></pre>`}
${it.libraries === undefined ? '' : html`<pre tabindex="0"><code>${it.libraries.join('\n')}</code></pre>`}
<dl>
<dt>Address<dd>${it.baseUrls.length === 0 ? 'not known here' : it.baseUrls.map((url) => html`<code>${url}</code> `)}
${it.only === undefined ? '' : html`<dt>Paths<dd>${it.only.map((text) => html`<code>${text}</code> `)}`}
<dt>Allowed<dd>${isEverything(it) ? 'everything but TRACE, TRACK and DEBUG' : it.allow.map((rule) => html`<code>${rule}</code> `)}
<dt>Key<dd>${it.authentication.map(({ kind, sets }) => `${kind} → ${sets.join(', ')}`).join(' · ')}${it.redacted ? ', taken out of responses' : ''}
<dt>Open to<dd>${it.allowedBy}${it.instance === undefined ? '' : ` (${it.instance})`}
</dl>
</article>
`;
}

function isEverything({ allow }: Listing): boolean {
  return allow.length === 1 && allow[0] === EVERYTHING;
}

function known(by: readonly string[]): string {
  return by.length === 0 ? 'and nothing is known of you' : `known by your ${by.join(' and your ')}`;
}

const STYLE = `
  :root { color-scheme: light dark; --line: rgb(128 128 128 / .3); --soft: rgb(128 128 128 / .12); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
  h1 { font-size: 1.5rem; margin: 0; }
  h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
  h2 small { font-weight: 400; opacity: .75; margin-left: .5rem; }
  article { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
  code { font: .875em/1.5 ui-monospace, monospace; background: var(--soft); border-radius: .25rem; padding: .1em .35em; }
  pre { margin: 0 0 .75rem; background: var(--soft); border-radius: .25rem; padding: .5rem .75rem; white-space: pre-wrap; }
  pre code { background: none; padding: 0; user-select: all; -webkit-user-select: all; }
  dl { display: grid; grid-template-columns: 7rem 1fr; gap: .25rem 1rem; margin: 0; }
  dt { opacity: .75; } dd { margin: 0; }
  .note { border-left: 3px solid #bf8700; padding-left: .75rem; }
  footer { margin: 1.5rem 0; font-size: .875rem; } footer a, footer span { margin-right: 1rem; }
  @media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } h2 small { display: block; margin: 0; } }
`;
