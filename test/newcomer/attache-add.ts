import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceEntry } from '../../local/attache.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { runProgram } from '../../local/process.ts';
import { envoyYaml } from '../../local/stack.ts';

/** Types `attache add` for a copy of envoy.yaml. Returns the copy, and the lines that were printed to be typed. */
export async function attacheAdd(...args: readonly string[]): Promise<{ config: string; typed: readonly string[] }> {
  const config = join(privateFolder(), 'envoy.yaml');
  copyFileSync(envoyYaml, config);
  const { stdout } = await runProgram({
    name: `attache add ${args.join(' ')}`,
    command: process.execPath,
    args: [sourceEntry, 'add', ...args, '--file', config],
    env: plainEnvironment(),
  });
  return { config, typed: stdout.entries.filter((line) => line.startsWith('  ')).map((line) => line.trim()) };
}
