import { z } from 'zod';
import { isThisMachine } from './admin/loopback.ts';
import { addressProblems, isHostPort } from './workers/addresses.ts';

/** Settings that cannot be used: one line each, naming the variable, the reason and the mend. */
export class SettingsError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A length of time as `250ms`, `60s`, `5m` or `1h`, in milliseconds. */
function duration(least: string, most: string) {
  return z.string().transform((text, context) => {
    const ms = milliseconds(text);
    if (ms >= milliseconds(least) && ms <= milliseconds(most)) return ms;
    context.addIssue({
      code: 'custom',
      message: `must be a time from ${least} to ${most}, written as 250ms, 60s, 5m or 1h`,
    });
    return z.NEVER;
  });
}

function milliseconds(text: string): number {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  return number === undefined ? Number.NaN : Number(number) * UNITS[unit as keyof typeof UNITS];
}

/** How many workers there may be: more than any machine has use for. */
const MOST_WORKERS = 64;

const workerCount = z.string().transform((text, context) => {
  const number = Number(text);
  if (/^\d{1,2}$/.test(text) && number >= 1 && number <= MOST_WORKERS) return number;
  context.addIssue({ code: 'custom', message: `must be a number from 1 to ${MOST_WORKERS}` });
  return z.NEVER;
});

const hostPort = z
  .string()
  .refine(isHostPort, 'must be host:port, for example 127.0.0.1:9464')
  .transform((text) => {
    const at = text.lastIndexOf(':');
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
  });

/** What each setting means, its default and its range. `attache serve --help` prints these texts. */
const SCHEMA = z.strictObject({
  config: z
    .string()
    .min(1)
    .default('envoy/envoy.yaml')
    .describe('file that defines the integrations: an Envoy configuration or a plain list'),
  listen: z
    .string()
    .transform((text): readonly string[] => text.split(',').map((part) => part.trim()))
    .prefault('unix:/run/attache/{worker}.sock')
    .describe(
      'where Envoy finds Attaché: unix:/path or host:port, several with commas; {worker} is the number of a worker',
    ),
  workers: workerCount
    .prefault('1')
    .describe(`processes that answer Envoy, each on addresses of its own, 1 to ${MOST_WORKERS}`),
  admin: hostPort.prefault('127.0.0.1:9464').describe('address of probes, metrics and the status page'),
  edit: z
    .enum(['off', 'on'], 'must be on or off')
    .default('off')
    .describe('whether integrations can be set up on a page of the admin address, which must then be a loopback one'),
  log: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .default('info')
    .describe('least level that is logged'),
  audit: z
    .enum(['denials', 'all'], 'must be denials or all')
    .default('denials')
    .describe("which decisions Attaché's own log has: denials, those alike counted, or all, one line each"),
  refreshAfter: duration('5s', '1h')
    .prefault('60s')
    .describe('age at which a secret is checked again in the background'),
  maxStale: duration('6s', '24h').prefault('1h').describe('age beyond which a secret is not used, whatever AWS does'),
  eventsQueue: z
    .url('must be the URL of an SQS queue')
    .optional()
    .describe('URL of an SQS queue that tells of rotations'),
  fetchDeadline: duration('100ms', '10s')
    .prefault('2s')
    .describe('how long a request waits in all for what is not at hand: tags of its caller, a secret, a token'),
});

/** The settings of `attache serve`, validated and frozen. Times are in milliseconds. */
export type Settings = Readonly<z.output<typeof SCHEMA>>;

/** How long a read of AWS takes when its first try fails, in ms: a value must outlive it once it is due to be read anew. */
const LONGEST_READ = 3_000;

/** Ages that cannot hold together: a value would be too old to be used before it is read again. */
function ageProblems(given: Readonly<Record<string, string>>): string[] {
  const refreshAfter = SCHEMA.shape.refreshAfter.safeParse(given.refreshAfter).data;
  const maxStale = SCHEMA.shape.maxStale.safeParse(given.maxStale).data;
  if (refreshAfter === undefined || maxStale === undefined || maxStale >= refreshAfter + LONGEST_READ) return [];
  const [written, fallback] = [given.refreshAfter, SCHEMA.shape.refreshAfter.def.defaultValue];
  return [
    `ATTACHE_MAX_STALE=${given.maxStale ?? SCHEMA.shape.maxStale.def.defaultValue}: a secret is checked again when it is ${written ?? fallback} old (ATTACHE_REFRESH_AFTER), which takes up to ${LONGEST_READ / 1_000} s, so every request in between would fail; make ATTACHE_MAX_STALE longer than both together, or ATTACHE_REFRESH_AFTER shorter`,
  ];
}

/** A page that changes something is for this machine alone. */
function editProblems(given: Readonly<Record<string, string>>): string[] {
  const { data: admin } = SCHEMA.shape.admin.safeParse(given.admin);
  if (given.edit !== 'on' || admin === undefined || isThisMachine(admin.host)) return [];
  return [
    `ATTACHE_EDIT=on: ATTACHE_ADMIN=${given.admin} can be reached from other machines; set ATTACHE_ADMIN=127.0.0.1:${admin.port}, or leave ATTACHE_EDIT out`,
  ];
}

/** A setting's name in this program. */
export type SettingName = keyof Settings;

/** A setting as the command line shows it. */
export interface SettingDoc {
  readonly name: SettingName;
  /** For example `ATTACHE_MAX_STALE`. */
  readonly variable: string;
  /** For example `--max-stale`. */
  readonly flag: string;
  readonly description: string;
  /** What the flag alone means, without a value. Undefined: it needs one. */
  readonly alone: string | undefined;
  /** What holds when it is not given; `none` for nothing. */
  readonly fallback: string;
}

/** Every setting, in the order of the help text. */
export const SETTINGS: readonly SettingDoc[] = (Object.keys(SCHEMA.shape) as SettingName[]).map((name) => {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    name,
    variable: `ATTACHE_${words.replaceAll('-', '_').toUpperCase()}`,
    flag: `--${words}`,
    description: SCHEMA.shape[name].description ?? '',
    alone: name === 'edit' ? 'on' : undefined,
    fallback: 'defaultValue' in SCHEMA.shape[name].def ? String(SCHEMA.shape[name].def.defaultValue) : 'none',
  };
});

/**
 * The settings from the environment and, before it, the flags.
 *
 * @throws SettingsError listing every variable that is unknown or has a value that cannot be used.
 */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  flags: Partial<Record<SettingName, string>> = {},
): Settings {
  const problems = Object.keys(environment)
    .filter((name) => name.startsWith('ATTACHE_') && !SETTINGS.some(({ variable }) => variable === name))
    .map(
      (name) =>
        `${name}: there is no such setting; the settings are ${SETTINGS.map(({ variable }) => variable).join(', ')}`,
    );
  const given: Record<string, string> = {};
  for (const { name, variable } of SETTINGS) {
    const value = flags[name] ?? environment[variable];
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = SCHEMA.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const doc = SETTINGS.find(({ name }) => name === issue.path[0]);
    problems.push(`${doc?.variable ?? 'settings'}=${given[doc?.name ?? ''] ?? ''}: ${issue.message}`);
  }
  // Whatever else is wrong, so that every mistake is told at once.
  const listen = SCHEMA.shape.listen.parse(given.listen);
  const workers = SCHEMA.shape.workers.safeParse(given.workers).data ?? 1;
  problems.push(...ageProblems(given), ...editProblems(given));
  for (const problem of addressProblems(listen, workers)) {
    problems.push(`ATTACHE_LISTEN=${given.listen ?? ''}: ${problem}`);
  }
  if (parsed.data === undefined || problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(parsed.data);
}
