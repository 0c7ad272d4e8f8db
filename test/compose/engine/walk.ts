import { performance } from 'node:perf_hooks';

/** Steps that are walked one after the other, each told as it ends. One that fails does not keep the others from being walked. */
export class Walk {
  readonly #failed: string[] = [];
  #count = 0;

  /** What failed so far, by name. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  /** How many steps there were. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param does what the step does; a text that it returns is told behind its name.
   * @returns whether it went well.
   */
  async step(name: string, does: () => Promise<unknown>): Promise<boolean> {
    this.#count += 1;
    const began = performance.now();
    try {
      const figures = await does();
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      process.stdout.write(`passed  ${name}${typeof figures === 'string' ? `: ${figures}` : ''} (${seconds} s)\n`);
      return true;
    } catch (error) {
      this.#failed.push(name);
      const reason = error instanceof Error ? error.message : String(error);
      process.stdout.write(`FAILED  ${name}\n${reason.replaceAll(/^/gm, '        ')}\n`);
      return false;
    }
  }
}
