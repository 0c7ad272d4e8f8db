import { plainEnvironment } from '../../../local/environment.ts';
import { type Program, startProgram } from '../../../local/process.ts';

/** What a line printed, and how it ended. */
export interface Typed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** All that was typed in shells of one origin, and what came of it. */
interface History {
  readonly lines: Set<string>;
  readonly outputs: string[];
}

/** Where lines are typed as a user does, in a folder and with variables of its own. */
export class Shell {
  readonly #folder: string;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #history: History;

  /** @param variables beside those of any shell and those that say where the engine is. */
  constructor(folder: string, variables: Readonly<Record<string, string>>, history?: History) {
    this.#folder = folder;
    this.#variables = variables;
    this.#history = history ?? { lines: new Set(), outputs: [] };
  }

  /** Every line that was typed so far. */
  get lines(): ReadonlySet<string> {
    return this.#history.lines;
  }

  /** Everything that was printed so far. */
  get outputs(): readonly string[] {
    return this.#history.outputs;
  }

  /** Another shell, in the same folder unless given, with more variables. */
  with(variables: Readonly<Record<string, string>>, folder = this.#folder): Shell {
    return new Shell(folder, { ...this.#variables, ...variables }, this.#history);
  }

  /** Types lines and waits for their end, whatever it is. */
  async run(...lines: readonly string[]): Promise<Typed> {
    const program = await this.#start(lines, lines.join('\n'));
    const { code } = await program.exited;
    const [stdout, stderr] = [program.stdout, program.stderr].map(({ entries }) => entries.join('\n').trim());
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }

  /**
   * Types lines that must go well.
   *
   * @throws Error with what they printed when the last one fails
   */
  async type(...lines: readonly string[]): Promise<Typed> {
    const typed = await this.run(...lines);
    if (typed.code !== 0)
      throw new Error(`${lines.join('; ')}: exit code ${typed.code}\n${typed.stdout}\n${typed.stderr}`);
    return typed;
  }

  /** Has a line print what is kept from {@link outputs}: only for what is searched for there. */
  async ask(line: string): Promise<string> {
    return (await new Shell(this.#folder, this.#variables).type(line)).stdout;
  }

  /** Types a line that goes on running. What is signalled is what it starts. */
  start(line: string): Promise<Program> {
    return this.#start([line], `exec ${line}`);
  }

  async #start(lines: readonly string[], script: string): Promise<Program> {
    for (const line of lines) this.#history.lines.add(line);
    const program = await startProgram({
      name: lines.join('; '),
      command: 'sh',
      args: ['-c', script],
      cwd: this.#folder,
      env: plainEnvironment({ ...engineVariables(), ...this.#variables }),
    });
    const keep = (line: string) => this.#history.outputs.push(line);
    program.stdout.subscribe(keep);
    program.stderr.subscribe(keep);
    return program;
  }
}

/** Where the engine is, as this process was told. */
function engineVariables(): Record<string, string> {
  const told = Object.entries(process.env).filter(([name]) => name.startsWith('DOCKER_'));
  return Object.fromEntries(told.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
