import type { Log } from '../telemetry/log.ts';

/** An exception that nobody expected leaves the process in an unknown state: it ends, and Envoy refuses requests meanwhile. */
export function endOnException(log: Log): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, 'ending after an unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
