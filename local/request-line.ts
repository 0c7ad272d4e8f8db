import type { AccessLogEntry } from './access-log.ts';

const widths = { time: 8, integration: 12, request: 34, decision: 19, version: 8, tries: 5, status: 6, us: 7 };

/** The heading above the lines of `requestLine`. */
export const requestHeading = row({
  time: 'time',
  integration: 'integration',
  request: 'request',
  decision: 'decision',
  version: 'version',
  tries: 'tries',
  status: 'status',
  us: 'µs',
});

/**
 * An access-log entry as one aligned line: when, which integration, what was asked for, what Attaché decided ("injected"
 * or the denial's code), the first eight characters of the secret's version, how often Envoy tried, the destination's
 * status ("-" when it was not asked), the microseconds Envoy waited for Attaché, and why when it went wrong.
 */
export function requestLine(entry: AccessLogEntry): string {
  const decision = decisionOf(entry);
  const answered = entry.why === 'via_upstream';
  return row({
    time: new Date(entry.time).toTimeString().slice(0, 8),
    integration: entry.attache?.integration ?? entry.host ?? '-',
    request: `${entry.method ?? '-'} ${entry.path ?? '-'}`,
    decision,
    version: entry.attache?.version?.slice(0, 8) ?? '-',
    tries: String(entry.attempts ?? '-'),
    status: answered ? String(entry.status) : '-',
    us: String(entry.attache_us ?? '-'),
    // Injected is not yet sent: the connection may have failed, or the certificate may have been somebody else's.
    note: decision === 'injected' && !answered ? `not sent: ${entry.why}` : (entry.attache?.reason ?? ''),
  });
}

function decisionOf(entry: AccessLogEntry): string {
  if (entry.attache?.code !== undefined) {
    return entry.attache.code;
  }
  if (entry.attache?.version !== undefined) {
    return 'injected';
  }
  return entry.why?.startsWith('ext_proc_error') ? 'attache_unavailable' : (entry.why ?? '-');
}

function row(cells: Readonly<Record<keyof typeof widths, string>> & { readonly note?: string }): string {
  return [
    cells.time.padEnd(widths.time),
    cut(cells.integration, widths.integration),
    cut(cells.request, widths.request),
    cut(cells.decision, widths.decision),
    cells.version.padEnd(widths.version),
    cells.tries.padStart(widths.tries),
    cells.status.padStart(widths.status),
    cells.us.padStart(widths.us),
    cells.note ?? '',
  ]
    .join('  ')
    .trimEnd();
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
