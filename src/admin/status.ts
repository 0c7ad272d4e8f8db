import type { Overview, Report, SecretReport, TokenReport } from './report.ts';

/** What `/api/status` answers. */
export interface Status {
  readonly version: string;
  /** Whether at least one worker can answer Envoy. */
  readonly ready: boolean;
  readonly uptimeSeconds: number;
  readonly config: {
    readonly file: string;
    readonly problems: readonly string[];
    /** For what Envoy must be restarted. */
    readonly notes: readonly string[];
  };
  readonly workers: readonly WorkerStatus[];
  readonly integrations: readonly IntegrationStatus[];
  readonly secrets: readonly SecretStatus[];
  /** How many of the secrets are usable in no worker, or in not all of them. */
  readonly secretsMissing: number;
  /** Tokens as the worker holds them that is worst off. */
  readonly tokens: readonly TokenReport[];
}

/** A process that answers Envoy. */
export interface WorkerStatus {
  readonly worker: number;
  readonly pid?: number;
  readonly ready: boolean;
  readonly restarts: number;
  readonly uptimeSeconds?: number;
  readonly memoryBytes?: number;
  /** The version of the configuration that it answers by: two that differ do so for a moment after a change. */
  readonly configuration?: string;
}

/** An integration with what became of its requests, in all workers together. */
export interface IntegrationStatus {
  readonly name: string;
  readonly host: string;
  readonly secret: string;
  readonly sets: readonly string[];
  /** `express` where Envoy is given beforehand what requests carry. Absent: it asks about each attempt. */
  readonly lane?: string;
  /** What happened to that lane. Absent: nothing. */
  readonly laneEvents?: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** A secret as the worker holds it that is worst off. */
export interface SecretStatus extends SecretReport {
  /** Each worker's own state and version; there only while they differ. */
  readonly workers?: readonly { readonly worker: number; readonly state: string; readonly version?: string }[];
}

/** Best first. */
const STATES = ['fresh', 'stale', 'dead'];

/** What all workers tell, put together: counts are summed, of a secret's states the worst is shown. */
export function statusOf(overview: Overview, about: { readonly version: string; readonly file: string }): Status {
  const { ready, uptimeSeconds, problems = [], workers, counts } = overview;
  const reports = workers.flatMap(({ worker, report }) => (report === undefined ? [] : [{ worker, report }]));
  const integrations = new Map(
    reports.flatMap(({ report }) => report.integrations.map((it) => [it.name, it] as const)),
  );
  const secrets = secretsOf(reports);
  return {
    version: about.version,
    ready,
    uptimeSeconds,
    config: {
      file: about.file,
      problems: [...new Set([...problems, ...reports.flatMap(({ report }) => report.problems)])],
      notes: [...new Set(reports.flatMap(({ report }) => report.notes ?? [])), ...slowLanes(reports)],
    },
    workers: workers.map(({ worker, pid, ready: it, restarts, report }) => ({
      worker,
      ...(pid === undefined ? {} : { pid }),
      ready: it,
      restarts,
      ...(report === undefined ? {} : { uptimeSeconds: report.uptimeSeconds, memoryBytes: report.memoryBytes }),
      ...(report?.configuration === undefined ? {} : { configuration: report.configuration }),
    })),
    integrations: [...integrations.values()].map(({ given: _, ...it }) => ({
      ...it,
      ...laneEventsOf(counts.lanes, it.name),
      outcomes: Object.fromEntries(
        counts.requests.filter((row) => row.integration === it.name).map(({ outcome, count }) => [outcome, count]),
      ),
    })),
    secrets,
    secretsMissing: secrets.filter(({ state }) => state === 'dead').length,
    tokens: tokensOf(reports.map(({ report }) => report)),
  };
}

/** Envoy asks for what it is given when it starts, and never again for another integration. */
function slowLanes(reports: readonly { readonly report: Report }[]): string[] {
  const express = reports.flatMap(({ report }) => report.integrations.filter(({ lane }) => lane === 'express'));
  const given = new Set(express.filter((it) => it.given === true).map(({ name }) => name));
  const names = [...new Set(express.map(({ name }) => name))].filter((name) => !given.has(name));
  if (names.length === 0) return [];
  return [
    `restart Envoy for the express lane of ${names.join(', ')}: an Envoy that runs does not ask for what it would be given, so Attaché is asked about each request`,
  ];
}

function laneEventsOf(lanes: Overview['counts']['lanes'] = [], name: string): Pick<IntegrationStatus, 'laneEvents'> {
  const mine = lanes.filter(({ integration }) => integration === name);
  if (mine.length === 0) return {};
  return { laneEvents: Object.fromEntries(mine.map(({ event, count }) => [event, count])) };
}

function tokensOf(reports: readonly Report[]): TokenReport[] {
  const worst = new Map<string, TokenReport>();
  for (const it of reports.flatMap(({ tokens }) => tokens)) {
    const key = JSON.stringify([it.secret, it.endpoint, it.purpose]);
    const known = worst.get(key);
    if (known === undefined || STATES.indexOf(it.state) > STATES.indexOf(known.state)) worst.set(key, it);
  }
  return [...worst.values()];
}

/** Each secret once, in the state of the worker that is worst off. */
export function secretsOf(reports: readonly { readonly worker: number; readonly report: Report }[]): SecretStatus[] {
  const held = new Map<string, { worker: number; it: SecretReport }[]>();
  for (const { worker, report } of reports) {
    for (const it of report.secrets) held.set(it.secret, [...(held.get(it.secret) ?? []), { worker, it }]);
  }
  return [...held.values()].flatMap((all) => {
    const [worst] = all.map(({ it }) => it).sort((a, b) => badness(b) - badness(a));
    if (worst === undefined) return [];
    const differ = all.some(({ it }) => it.state !== worst.state || it.version !== worst.version);
    if (!differ) return [worst];
    const workers = all.map(({ worker, it: { state, version } }) => ({
      worker,
      state,
      ...(version === undefined ? {} : { version }),
    }));
    return [{ ...worst, workers }];
  });
}

/** By state first, then by age. */
function badness({ state, checkedSecondsAgo }: SecretReport): number {
  return STATES.indexOf(state) * 1e9 + Math.min(checkedSecondsAgo ?? 1e8, 1e8);
}
