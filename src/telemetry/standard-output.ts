import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { pino } from 'pino';

/** What the log's lines are written to. Never throws, and never waits for who reads them. */
export interface LogOutput {
  /** Takes one line, or drops it. */
  write(line: string): void;
  /** Writes what `produce` logs with fewer calls of the system. */
  batch(produce: () => void): void;
  /** How many lines were dropped since the process started. */
  readonly lost: number;
}

/** How much may wait for a reader that stalls, in bytes; what comes on top is dropped. */
const MOST_WAITING = 1_048_576;

/** The most bytes that a pipe takes in one piece or not at all, so that lines of several workers do not tear (POSIX, PIPE_BUF). */
const ONE_PIECE = 4_096;

const STANDARD_OUTPUT = 1;

/**
 * Standard output. A pipe whose reader stalls costs lines instead of holding up requests, and one whose reader is gone costs
 * nothing. Files and terminals do not stall, so pino writes to them at once.
 */
export function standardOutput(): LogOutput {
  const stat = fstatSync(STANDARD_OUTPUT);
  if (stat.isFIFO() || stat.isSocket()) return new PipeOutput(STANDARD_OUTPUT);
  const file = pino.destination({ fd: STANDARD_OUTPUT, sync: true });
  return { write: (line) => file.write(line), batch: (produce) => produce(), lost: 0 };
}

/**
 * A pipe or socket, written without ever waiting. pino's own destination would on exit try for ever to write to one whose reader
 * is gone.
 */
export class PipeOutput implements LogOutput {
  readonly #socket: Socket;
  #isOpen = true;
  #piece: string[] | undefined;
  #pieceBytes = 0;
  #lost = 0;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', () => {
      this.#isOpen = false;
    });
    this.#socket.unref();
  }

  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (!this.#isOpen || this.#socket.writableLength + this.#pieceBytes + line.length > MOST_WAITING) {
      this.#lost += 1;
    } else if (this.#piece === undefined) {
      this.#socket.write(line);
    } else {
      const bytes = Buffer.byteLength(line);
      if (this.#pieceBytes + bytes > ONE_PIECE) this.#flush();
      this.#piece.push(line);
      this.#pieceBytes += bytes;
    }
  }

  batch(produce: () => void): void {
    this.#piece = [];
    try {
      produce();
    } finally {
      this.#flush();
      this.#piece = undefined;
    }
  }

  #flush(): void {
    if (this.#pieceBytes > 0) this.#socket.write(this.#piece?.join('') ?? '');
    this.#piece = [];
    this.#pieceBytes = 0;
  }
}
