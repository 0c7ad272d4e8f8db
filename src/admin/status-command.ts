import type { TokenReport } from './report.ts';
import type { Status } from './status.ts';
import { table } from './table.ts';

/**
 * Prints how a running Attaché is doing.
 *
 * @param admin `host:port` of its admin server.
 * @returns the exit code: 0 when it is ready and every secret is usable, otherwise 1.
 */
export async function status(admin: string, options: { json: boolean }): Promise<number> {
  let it: Status;
  try {
    const response = await fetch(`http://${admin}/api/status`, { signal: AbortSignal.timeout(5_000) });
    it = (await response.json()) as Status;
  } catch {
    process.stderr.write(
      `No Attaché answers on ${admin}. Start it with attache serve, or name its address with --admin.\n`,
    );
    return 1;
  }
  process.stdout.write(options.json ? `${JSON.stringify(it, undefined, 2)}\n` : text(it));
  return it.ready && it.secretsMissing === 0 ? 0 : 1;
}

function text(status: Status): string {
  const { version, ready, uptimeSeconds, config, workers, integrations, secrets, secretsMissing, tokens } = status;
  return [
    `Attaché ${version}, ${ready ? 'ready' : 'not ready'}, up ${uptimeSeconds} s, reads ${config.file}`,
    ...config.problems,
    ...config.notes,
    ...(secretsMissing === 0 ? [] : [`${secretsMissing} of ${secrets.length} secrets are missing`]),
    '',
    ...table([
      ['WORKER', 'STATE', 'PROCESS', 'UP', 'MEMORY', 'RESTARTS'],
      ...workers.map((row) => [
        String(row.worker),
        row.ready ? 'ready' : 'not ready',
        String(row.pid ?? '-'),
        row.uptimeSeconds === undefined ? '-' : `${row.uptimeSeconds} s`,
        row.memoryBytes === undefined ? '-' : `${Math.round(row.memoryBytes / 1_048_576)} MiB`,
        String(row.restarts),
      ]),
    ]),
    '',
    ...table([
      ['INTEGRATION', 'HOST', 'SECRET', 'REQUESTS'],
      ...integrations.map(({ name, host, secret, outcomes, lane, laneEvents = {} }) => [
        name,
        host,
        secret,
        [
          ...Object.entries(outcomes),
          ...Object.entries(laneEvents).map(([event, count]) => [
            `${lane ?? 'lane'} ${event.replace('_', ' ')}`,
            count,
          ]),
        ]
          .map(([outcome, count]) => `${outcome} ${count}`)
          .join(', '),
      ]),
    ]),
    '',
    ...table([
      ['SECRET', 'STATE', 'VERSION', 'CHECKED', 'FAILURE'],
      ...secrets.map((row) => [
        row.secret,
        row.workers === undefined
          ? row.state
          : `${row.state} (${row.workers.map(({ worker, state }) => `worker ${worker}: ${state}`).join(', ')})`,
        row.version ?? '-',
        row.checkedSecondsAgo === undefined ? 'never' : `${row.checkedSecondsAgo} s ago`,
        failureOf(row),
      ]),
    ]),
    '',
    ...(tokens.length === 0
      ? []
      : [
          ...table([
            ['TOKEN', 'FROM', 'SECRET', 'STATE', 'EXPIRES', 'FAILURE'],
            ...tokens.map((row) => [
              row.purpose,
              row.endpoint,
              row.secret,
              row.state,
              row.expiresInSeconds === undefined ? '-' : `in ${row.expiresInSeconds} s`,
              failureOf(row),
            ]),
          ]),
          '',
        ]),
  ].join('\n');
}

/** Why something fails, and a clock that is off, which may be the reason. */
function failureOf({ failure, clockAheadSeconds: ahead }: Pick<TokenReport, 'failure' | 'clockAheadSeconds'>): string {
  const clock =
    ahead === undefined ? undefined : `this machine's clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}`;
  return [failure, clock].filter((it) => it !== undefined).join(', ');
}
