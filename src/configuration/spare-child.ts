import type { ChildProcess } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';
import { type ChildKeeper, forkChild } from './in-child.ts';

/** How long a process is kept for the next edit, in ms: who edits does so several times. */
const KEPT = 60_000;

/**
 * A process that has loaded a program, kept for a while since it is likely to be needed: loading takes most of the time, and the first
 * piece of work most of the rest.
 */
export class SpareChild implements ChildKeeper {
  readonly #program: URL | string;
  readonly #memory: number;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param memory what it may take, in MiB. */
  constructor(program: URL | string, memory: number) {
    this.#program = program;
    this.#memory = memory;
  }

  /** Has one load, unless there is one, and keeps it for a minute from now on. It does not keep this process alive. */
  prepare(): void {
    if (this.#child?.connected === true) {
      this.keep(this.#child);
      return;
    }
    const child = forkChild(this.#program, this.#memory);
    // What it works on may wait; requests that others answer may not.
    if (child.pid !== undefined) giveWay(child.pid);
    this.keep(child);
  }

  keep(child: ChildProcess): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.discard(), KEPT);
    this.#timer.unref();
    if (child === this.#child) return;
    child.on('error', ignore);
    child.unref();
    child.channel?.unref();
    this.#child = child;
  }

  /** Hands it over, however far it has come; undefined when there is none. */
  take(): ChildProcess | undefined {
    const child = this.#child;
    this.#child = undefined;
    clearTimeout(this.#timer);
    if (child?.connected !== true) return undefined;
    child.off('error', ignore);
    child.ref();
    child.channel?.ref();
    return child;
  }

  /** Ends it. */
  discard(): void {
    this.take()?.kill('SIGKILL');
  }
}

/** Lets a process run after others. It is no more than a courtesy, which a sandbox may forbid. */
function giveWay(pid: number): void {
  try {
    // Who runs after others already may not have another one run before itself.
    setPriority(pid, Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));
  } catch {}
}

/** One that cannot be used is not connected, and so is not taken. */
function ignore(): void {}
