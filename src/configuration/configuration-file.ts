import { CatalogueError, formatProblem, type Problem } from '../integrations/problem.ts';
import type { Log } from '../telemetry/log.ts';
import type { Configuration, Reading } from './configuration.ts';
import { type ReadingOptions, readConfiguration } from './read-configuration.ts';
import { rejection } from './rejection.ts';
import { watchConfiguration } from './watch-configuration.ts';

/** The file that defines the integrations: what it last said that could be used, and what is wrong with it now. */
export class ConfigurationFile {
  readonly #file: string;
  readonly #options: ReadingOptions;
  #configuration: Configuration;
  #problems: readonly Problem[] = [];
  #watcher: { close(): void } | undefined;

  private constructor(file: string, configuration: Configuration, options: ReadingOptions) {
    this.#file = file;
    this.#configuration = configuration;
    this.#options = options;
  }

  /**
   * Reads it for the first time.
   *
   * @throws CatalogueError (rejects with it) with every problem, when one of them is an error.
   */
  static async open(file: string, options: ReadingOptions = {}): Promise<ConfigurationFile> {
    const reading = await readConfiguration(file, options);
    if (reading.kind === 'bad') throw new CatalogueError(reading.problems);
    return new ConfigurationFile(file, reading.configuration, options);
  }

  /** The last one without mistakes. It is in use whatever the file says by now. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Why the last change was not taken over; empty when it was. A line each. */
  get problems(): readonly string[] {
    return this.#problems.map(formatProblem);
  }

  /** Logs what could be better in it, and follows it from now on. */
  follow(log: Log, onConfiguration: (configuration: Configuration) => void): void {
    for (const warning of this.#configuration.warnings) log.warn(formatProblem(warning));
    const known = this.#configuration.version;
    const take = (reading: Reading) => this.#take(reading, log, onConfiguration);
    this.#watcher = watchConfiguration(this.#file, take, { known, ...this.#options });
  }

  /** Envoy does not take the routes of this file. */
  async rejected(words: string, log: Log): Promise<void> {
    const { version } = this.#configuration;
    const problem = await rejection(this.#file, version, words);
    log.error(formatProblem(problem));
    if (this.#configuration.version === version) this.#problems = [problem];
  }

  /** Follows it no further. */
  close(): void {
    this.#watcher?.close();
  }

  #take(reading: Reading, log: Log, onConfiguration: (configuration: Configuration) => void): void {
    if (reading.kind === 'bad') {
      this.#problems = reading.problems;
      for (const problem of reading.problems) log.error(formatProblem(problem));
      log.error('the configuration has errors: the one before stays in use');
      return;
    }
    this.#configuration = reading.configuration;
    this.#problems = [];
    for (const warning of reading.configuration.warnings) log.warn(formatProblem(warning));
    onConfiguration(reading.configuration);
  }
}
