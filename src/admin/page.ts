/**
 * The status page: one document that reads `/api/status` every two seconds and shows it as tables.
 *
 * @param options.edits whether there is a page on which integrations are set up.
 */
export function statusPage({ edits }: { readonly edits: boolean }): string {
  return edits ? PAGE.replace('<h2>Integrations</h2>', '<h2>Integrations <a href="/edit">Set up</a></h2>') : PAGE;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Attaché</title>
<style>
  :root { color-scheme: light dark; --line: rgb(128 128 128 / .3); }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; }
  h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; } h2 a { font-size: .9rem; font-weight: 400; margin-left: .5rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  .fresh { color: #1a7f37; } .stale { color: #9a6700; } .dead, .problem { color: #cf222e; }
  #state { opacity: .75; }
</style>
<h1>Attaché</h1>
<p id="state" role="status">Reading…</p>
<section id="problems" hidden><h2>The last change to the file was not taken over</h2><ul></ul></section>
<section id="notes" hidden><h2>Envoy must be restarted</h2><ul></ul></section>
<h2>Workers</h2>
<table id="workers"><thead><tr><th>Worker<th>State<th class="number">Process<th class="number">Up<th class="number">Memory<th class="number">Restarts</thead><tbody></tbody></table>
<h2>Integrations</h2>
<table id="integrations"><thead><tr><th>Name<th>Host<th>Secret<th>Sets<th>Lane<th class="number">Injected<th>Denied</thead><tbody></tbody></table>
<h2>Secrets</h2>
<table id="secrets"><thead><tr><th>Secret<th>State<th>Version<th class="number">Checked<th>Failure</thead><tbody></tbody></table>
<section id="token-section" hidden><h2>Tokens</h2>
<table id="tokens"><thead><tr><th>Token<th>From<th>Secret<th>State<th class="number">Expires<th>Failure</thead><tbody></tbody></table></section>
<script>
  const failureOf = ({ failure, clockAheadSeconds: ahead }) =>
    [failure, ahead && 'clock ' + Math.abs(ahead) + ' s ' + (ahead > 0 ? 'ahead' : 'behind')].filter(Boolean).join(', ');
  const laneOf = ({ lane, laneEvents = {} }) =>
    lane === undefined ? '' : [lane, ...Object.entries(laneEvents).map(([event, n]) => event.replace('_', ' ') + ' ' + n)].join(', ');
  const cell = (text, className) => Object.assign(document.createElement('td'), { textContent: text ?? '', className: className ?? '' });
  const fill = (id, rows) => document.querySelector('#' + id + ' tbody').replaceChildren(...rows.map((cells) => {
    const row = document.createElement('tr');
    row.append(...cells);
    return row;
  }));
  async function show() {
    const state = document.getElementById('state');
    try {
      const status = await (await fetch('/api/status')).json();
      state.textContent = (status.ready ? 'Ready' : 'Not ready') + ' · up ' + status.uptimeSeconds + ' s · ' + status.config.file
        + (status.secretsMissing === 0 ? '' : ' · ' + status.secretsMissing + ' of ' + status.secrets.length + ' secrets are missing');
      fill('workers', status.workers.map((it) => [
        cell(it.worker), cell(it.ready ? 'ready' : 'not ready', it.ready ? 'fresh' : 'dead'), cell(it.pid, 'number'),
        cell(it.uptimeSeconds === undefined ? '' : it.uptimeSeconds + ' s', 'number'),
        cell(it.memoryBytes === undefined ? '' : Math.round(it.memoryBytes / 1048576) + ' MiB', 'number'), cell(it.restarts, 'number'),
      ]));
      fill('integrations', status.integrations.map((it) => [
        cell(it.name), cell(it.host), cell(it.secret), cell(it.sets.join(', ')), cell(laneOf(it)), cell(it.outcomes.injected ?? 0, 'number'),
        cell(Object.entries(it.outcomes).filter(([outcome]) => outcome !== 'injected').map(([outcome, n]) => outcome + ' ' + n).join(', '), 'problem'),
      ]));
      fill('secrets', status.secrets.map((it) => [
        cell(it.secret), cell(it.state + (it.workers === undefined ? '' : ' (' + it.workers.map((one) => 'worker ' + one.worker + ': ' + one.state).join(', ') + ')'), it.state), cell(it.version),
        cell(it.checkedSecondsAgo === undefined ? 'never' : it.checkedSecondsAgo + ' s ago', 'number'), cell(failureOf(it), 'problem'),
      ]));
      document.getElementById('token-section').hidden = status.tokens.length === 0;
      fill('tokens', status.tokens.map((it) => [
        cell(it.purpose), cell(it.endpoint), cell(it.secret), cell(it.state, it.state),
        cell(it.expiresInSeconds === undefined ? '' : 'in ' + it.expiresInSeconds + ' s', 'number'),
        cell(failureOf(it), 'problem'),
      ]));
      const list = (id, texts, className) => {
        const section = document.getElementById(id);
        section.hidden = texts.length === 0;
        section.querySelector('ul').replaceChildren(...texts.map((text) => Object.assign(document.createElement('li'), { textContent: text, className })));
      };
      list('problems', status.config.problems, 'problem');
      list('notes', status.config.notes, 'stale');
    } catch {
      state.textContent = 'Attaché does not answer.';
    }
    setTimeout(show, 2000);
  }
  show();
</script>
</html>
`;
