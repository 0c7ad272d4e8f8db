import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../local/process.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { commandLine } from '../support/command-line.ts';
import { attacheAdd } from './attache-add.ts';
import { firstLineOf, lineOf } from './lines.ts';
import { npmStart } from './npm-start.ts';
import { openShell } from './shell.ts';

commandLine(
  'npm run test:newcomer',
  `A newcomer's walk: npm start and attache add, then the Python and Node libraries of OpenAI and Stripe, installed as anybody would, with the very lines that were printed. Fails when one of them gets no answer.`,
  {},
);

/** A program, where `{line}` is the library's line unless that is one for the shell. It prints the first id of a list. */
interface Program {
  readonly api: 'openai' | 'stripe';
  readonly language: 'Python' | 'Node';
  readonly code: string;
}

const PROGRAMS: readonly Program[] = [
  {
    api: 'openai',
    language: 'Python',
    code: 'from openai import OpenAI\nprint(OpenAI(api_key="anything").models.list().data[0].id)',
  },
  {
    api: 'openai',
    language: 'Node',
    code: 'import OpenAI from "openai"\nconsole.log((await new OpenAI({ apiKey: "anything" }).models.list()).data[0].id)',
  },
  {
    api: 'stripe',
    language: 'Python',
    code: 'import stripe\nstripe.api_key = "anything"\n{line}\nprint(stripe.Customer.list().data[0].id)',
  },
  {
    api: 'stripe',
    language: 'Node',
    code: 'import Stripe from "stripe"\nconst stripe = {line}\nconsole.log((await stripe.customers.list()).data[0].id)',
  },
];

const shell = openShell();

/** The packages at the versions that the catalogue names, as pip and npm want them. */
function packages(language: 'python' | 'node', sign: string): string[] {
  return ['openai', 'stripe'].map((name) => {
    const library = VENDORS.get(name)?.libraries?.find((it) => it.language === language && it.package === name);
    return `${name}${sign}${library?.checked}`;
  });
}

/** The whole environment: the installers' own settings decide where they may get packages from. */
async function install(command: string, ...args: readonly string[]): Promise<void> {
  await runProgram({ name: `${command} ${args.join(' ')}`, command, args, env: process.env, cwd: shell.folder });
}

const added = await attacheAdd(
  ['openai', '--name', 'models', '--secret', 'prod/openai'],
  ['stripe', '--name', 'payments', '--secret', 'prod/stripe'],
);
await using started = await npmStart(added.config);
console.log(started.typed.join('\n'));

writeFileSync(join(shell.folder, 'package.json'), '{ "private": true, "type": "module" }\n');
console.log('\ninstalling …');
await install('python3', '-m', 'venv', 'python');
await install('python/bin/pip', 'install', '--quiet', '--disable-pip-version-check', ...packages('python', '=='));
await install('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...packages('node', '@'));

const first = firstLineOf(started.typed);
let failed = 0;
for (const [from, typed] of Object.entries({ 'npm start': started.typed, 'attache add': added.typed })) {
  for (const { api, language, code } of PROGRAMS) {
    const line = lineOf(typed, `${api} for ${language}`);
    const file = language === 'Python' ? 'main.py' : 'main.js';
    writeFileSync(join(shell.folder, file), `${code.replace('{line}', line)}\n`);
    const run = language === 'Python' ? `python/bin/python3 ${file}` : `node ${file}`;
    const printed = await shell
      .type(first, ...(line.startsWith('export ') ? [line] : []), run)
      .catch((error: Error) => error.message);
    const works = printed === 'example';
    if (!works) failed += 1;
    console.log(`${works ? 'ok    ' : 'FAILED'} ${api} for ${language}, as ${from} says${works ? '' : `\n${printed}`}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
