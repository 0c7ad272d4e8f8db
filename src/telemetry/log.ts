import { pino } from 'pino';
import { type LogOutput, standardOutput } from './standard-output.ts';

/** Attaché's own log: JSON lines on standard output. It has changes of state and refusals, not each request. */
export type Log = pino.Logger;

/**
 * A log that prints from this level on: `trace`, `debug`, `info`, `warn`, `error`, or `silent` for nothing.
 *
 * @param output standard output unless given; a process has one.
 */
export function createLog(level: string, output: LogOutput = standardOutput()): Log {
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // An error's other fields may hold what a server sent: only its name, message and stack are printed.
      serializers: { err: (error: Error) => ({ name: error.name, message: error.message, stack: error.stack }) },
    },
    output,
  );
}
