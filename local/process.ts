import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { forgetGroup, watchGroup } from './guard.ts';
import { Journal } from './journal.ts';
import { type UntilOptions, until } from './until.ts';

const ended = Symbol('the program has ended');

/** What to run. */
export interface ProgramOptions {
  /** What people call it, for messages: "Envoy", "the local AWS". */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment; nothing of this process's own is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Which of its lines can tell why it failed; all unless given. */
  readonly telling?: (line: string) => boolean;
}

/** How a program ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program, its output kept line by line. It ends with this process at the latest, however this one ends. */
export interface Program extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly stdout: Journal<string>;
  readonly stderr: Journal<string>;
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  readonly exit: Exit | undefined;
  /** The last telling lines it wrote, indented, for an error message. */
  lastWords(): string;
  /** Sends a signal to the program itself; does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void;
  /**
   * Like `until`, but fails at once when the program ends meanwhile.
   * @throws Error that shows the last lines the program wrote
   */
  until<T>(look: () => Promise<T | undefined | false>, options: UntilOptions): Promise<T>;
  /** SIGTERM, and SIGKILL for it and all its children after `graceMs` (5000 unless given). Resolves when it is gone. */
  stop(graceMs?: number): Promise<Exit>;
}

/**
 * Starts a program in a process group of its own.
 *
 * @throws Error when it cannot be started at all (no such file, not executable)
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  // Its own group: a Ctrl-C in the terminal goes to this process alone, which then ends its programs in order.
  const child = spawn(options.command, options.args ?? [], {
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stdout = linesOf(child.stdout);
  const stderr = linesOf(child.stderr);
  const pid = await spawned(child, options);
  watchGroup(pid);

  let exit: Exit | undefined;
  // Children that it left behind would keep its output open.
  child.once('exit', () => killGroup(pid));
  const exited = new Promise<Exit>((resolve) => {
    // "close", not "exit": the last lines are in by then.
    child.once('close', (code, signal) => {
      exit = { code, signal };
      forgetGroup(pid);
      resolve(exit);
    });
  });

  const lastWords = () => {
    const lines = [...stdout.entries.slice(-200), ...stderr.entries.slice(-200)].filter(
      options.telling ?? (() => true),
    );
    return lines
      .slice(-15)
      .map((line) => `  ${line.length > 600 ? `${line.slice(0, 600)}…` : line}`)
      .join('\n');
  };
  const failure = (what: string, cause?: unknown) => {
    const words = lastWords();
    return new Error(`${what}. ${words === '' ? 'It wrote nothing.' : `Its last lines:\n${words}`}`, { cause });
  };

  const stop = async (graceMs = 5000): Promise<Exit> => {
    if (exit === undefined) {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      const timer = setTimeout(() => killGroup(pid), graceMs);
      await exited;
      clearTimeout(timer);
    }
    return exited;
  };

  return {
    name: options.name,
    pid,
    stdout,
    stderr,
    exited,
    get exit() {
      return exit;
    },
    lastWords,
    signal: (signal) => {
      child.kill(signal);
    },
    async until<T>(look: () => Promise<T | undefined | false>, untilOptions: UntilOptions) {
      let found: T | typeof ended;
      try {
        found = await until(async () => (exit === undefined ? await look() : ended), untilOptions);
      } catch (error) {
        throw failure(error instanceof Error ? error.message : String(error), error);
      }
      if (found === ended) {
        throw failure(`${options.name} ended early (${describe(await exited)})`);
      }
      return found;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/**
 * Runs a program to its end.
 *
 * @throws Error with the program's last lines when it fails; its `cause` is the `Program`
 */
export async function runProgram(options: ProgramOptions): Promise<Program> {
  const program = await startProgram(options);
  const exit = await program.exited;
  if (exit.code !== 0) {
    throw new Error(`${options.name} failed (${describe(exit)}):\n${program.lastWords()}`, { cause: program });
  }
  return program;
}

/** "exit code 3" or "signal SIGKILL". */
function describe(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

function linesOf(stream: Readable): Journal<string> {
  const journal = new Journal<string>();
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => journal.add(line));
  return journal;
}

function spawned(child: ChildProcess, options: ProgramOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new Error(`${options.name} cannot be started: ${error.message} (${options.command})`, { cause: error }));
    });
    child.once('spawn', () => {
      if (child.pid !== undefined) {
        resolve(child.pid);
      }
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty: it ended by itself.
  }
}
