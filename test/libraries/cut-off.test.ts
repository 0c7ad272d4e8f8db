import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plainEnvironment } from '../../local/environment.ts';
import { runProgram } from '../../local/process.ts';

const support = join(import.meta.dirname, 'support');

it('a program that is cut off reaches neither names nor addresses, and what it asks for is known', async () => {
  const { stdout } = await runProgram({
    name: 'the program that is cut off',
    command: process.execPath,
    args: [join(support, 'cut-off.ts'), join(support, 'reaching-out.ts')],
    env: plainEnvironment(),
  });

  expect(JSON.parse(stdout.entries.join(''))).toEqual({
    found: 'ENOTFOUND',
    localhost: '127.0.0.1',
    address: 'ENETUNREACH',
    asked: ['api.example.com'],
  });
});
