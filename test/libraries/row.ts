import type { Answer } from '../../local/upstream-server.ts';

/** One program that uses a real library, whose requests must come through the proxy. */
export interface Row {
  /** The integration, as in `attache add openai`. */
  readonly api: string;
  /** The package, as the catalogue names it; its version stands there too. */
  readonly package: string;
  /**
   * The program. `{line}` in it is the catalogue's line, for the address of the integration; a line that begins with
   * `export` goes into the program's environment instead. Wherever it needs a key of its own, that is `madeup` or has it inside.
   */
  readonly code: string;
  /** The requests that must arrive, in this order: a method and a path, without the credential. */
  readonly expect: readonly string[];
  /** More variables for the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** Packages that are installed beside it, with their versions. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Rows of one language with the same group share an environment; name one where packages do not go together. */
  readonly group?: string;
  /** What the destination answers, by path, with or without the query; 200 and `{}` otherwise. */
  readonly answers?: Readonly<Record<string, Partial<Answer>>>;
  /** More options of `attache add`. */
  readonly options?: { readonly basic?: string; readonly bearer?: string };
  /** The registry of a program's package; `system` where it is what the machine has on its PATH. */
  readonly from?: 'npm' | 'PyPI' | 'system';
  /** Hosts that it asks for besides, without any key: telemetry, updates, price lists. Nobody answers to their names here. */
  readonly besides?: readonly string[];
}
