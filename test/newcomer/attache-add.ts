import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceEntry } from '../../local/attache.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { runProgram } from '../../local/process.ts';
import { envoyYaml } from '../../local/stack.ts';

/**
 * Types `attache add` for a copy of envoy.yaml, once with each of these lists of words.
 *
 * @returns the copy, and the lines that were printed to be typed
 * @throws Error with what it said when it adds nothing
 */
export async function attacheAdd(
  ...commands: readonly (readonly string[])[]
): Promise<{ config: string; typed: readonly string[] }> {
  const config = join(privateFolder(), 'envoy.yaml');
  copyFileSync(envoyYaml, config);
  const typed: string[] = [];
  for (const words of commands) {
    const { stdout } = await runProgram({
      name: `attache add ${words.join(' ')}`,
      command: process.execPath,
      args: [sourceEntry, 'add', ...words, '--file', config],
      env: plainEnvironment(),
    });
    typed.push(...stdout.entries.filter((line) => line.startsWith('  ')).map((line) => line.trim()));
  }
  return { config, typed };
}
