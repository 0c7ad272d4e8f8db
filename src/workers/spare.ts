import type { ChildProcess } from 'node:child_process';
import type { Launch } from './launch.ts';

/**
 * A process that has loaded the program and waits to be a worker. Loading takes most of a worker's start: with a spare, the
 * place of a worker that died is empty for about 0.2 s instead of 0.7 s, so that two deaths in a row do not meet. It holds no secret.
 */
export class Spare {
  readonly #launch: Launch;
  #child: ChildProcess | undefined;

  constructor(launch: Launch) {
    this.#launch = launch;
  }

  /** Its process id; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Has a spare load, unless there is one. */
  prepare(): void {
    if (this.#child !== undefined) return;
    const child = this.#launch();
    this.#child = child;
    const forget = () => {
      if (this.#child === child) this.#child = undefined;
    };
    child.once('exit', forget);
    child.once('error', forget);
  }

  /** The spare, however far it has come; a new process when there is none. */
  take(): ChildProcess {
    const child = this.#child ?? this.#launch();
    this.#child = undefined;
    return child;
  }

  /** Ends the spare: there is no use for it, or the program on the disk is another by now. */
  discard(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }
}
