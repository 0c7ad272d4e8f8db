/** `npm start`: the whole stack on this machine, each request shown as one line. */
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { isSeq, parseDocument, type YAMLMap } from 'yaml';
import { libraryLines } from '../src/vendors/library.ts';
import { proxyLine } from '../src/vendors/proxy-line.ts';
import { librariesOf } from '../src/vendors/vendors.ts';
import { apiNames, apis } from './apis.ts';
import { pathOfRoutes } from './derive-envoy-config.ts';
import { portNear } from './ports.ts';
import { requestHeading, requestLine } from './request-line.ts';
import { envoyYaml, type Stack, startStack } from './stack.ts';

const usual = { listener: 8080, envoyAdmin: 9901, attacheAdmin: 9464, upstream: 8443, aws: 4566 };

const configFile = process.env.ATTACHE_CONFIG || envoyYaml;

new Command('npm start --')
  .description('Runs Envoy, Attaché, a local AWS and an upstream on this machine, all on loopback, until Ctrl-C.')
  .addHelpText(
    'after',
    `
Variables:
  ENVOY_BIN       an Envoy to use. Default: the one on the PATH, else one is installed into .local/
  ENVOY_VERSION   install and use exactly this version, for example 1.38.3
  ATTACHE_AWS     "local" (default): a local AWS with three made-up secrets, and an upstream that knows them
                  "real": your own AWS, by your usual AWS_… variables, and the real internet
  ATTACHE_CONFIG  the envoy.yaml to run. Default: envoy/envoy.yaml
  ATTACHE_…       any other setting of \`attache serve\`, for example ATTACHE_LOG=debug

Ports, on 127.0.0.1: ${usual.listener} for programs, ${usual.envoyAdmin} Envoy's admin, ${usual.attacheAdmin} Attaché's page. Where one is taken, a free one is used.`,
  )
  .allowExcessArguments(false)
  .parse();

const began = performance.now();
let stack: Stack | undefined;
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void end(0));
}

try {
  await run();
} catch (error) {
  // The message names the part and its last lines; a stack trace would only push them off the screen.
  if (!stopping) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    await end(1);
  }
}

async function run(): Promise<void> {
  const kind = process.env.ATTACHE_AWS ?? 'local';
  if (kind !== 'local' && kind !== 'real') {
    throw new Error(`ATTACHE_AWS is "${kind}"; write "local" or "real", or leave it out`);
  }
  const real = kind === 'real';
  console.log(`Attaché, the whole stack on this machine${real ? ', with your own AWS and the real internet' : ''}\n`);
  const running = await startStack({
    ...(real ? { aws: 'environment', destinations: 'internet' } : {}),
    config: configFile,
    // The file itself, not the derived copy: what Attaché says about a line is then true of the user's file.
    attache: { env: passedOn(), config: configFile },
    ports: {
      listener: await portNear(usual.listener),
      envoyAdmin: await portNear(usual.envoyAdmin),
      attacheAdmin: await portNear(usual.attacheAdmin),
      upstream: await portNear(usual.upstream),
      aws: await portNear(usual.aws),
    },
    progress: (line) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`),
  });
  stack = running;
  introduce(running, real);

  running.envoy.accessLog.subscribe((entry) => console.log(requestLine(entry)));
  for (const line of running.attache.log.entries) {
    showTrouble(line);
  }
  running.attache.log.subscribe(showTrouble);
  // Where integrations can be set up, with ATTACHE_EDIT=on.
  for (const line of running.attache.stderr.entries) console.log(`Attaché: ${line}`);
  running.attache.stderr.subscribe((line) => console.log(`Attaché: ${line}`));
  if (!real) {
    rotateOnRequest(running);
  }

  const parts = { Envoy: running.envoy, Attaché: running.attache };
  const ended = await Promise.race(
    Object.entries(parts).map(([name, part]) => part.exited.then(() => ({ name, part }))),
  );
  throw new Error(`${ended.name} has ended. Its last lines:\n${ended.part.lastWords()}`);
}

function introduce(running: Stack, real: boolean): void {
  const lines: string[] = [];
  for (const [index, site] of sites(running, real).entries()) {
    const curl = `curl http://${site.domain}:${running.port}${site.path}`;
    // One of them shows that what a program sends itself does not get through.
    lines.push(index === 1 ? `${curl} -H "Authorization: Bearer bogus"` : curl);
  }
  console.log(`
Type in another terminal. None of these requests holds a key; a made-up one is replaced.

${lines.map((line) => `  ${line}`).join('\n')}

Client libraries find the names by the first line, and are pointed at them by the others; where one insists on a key, write anything.

${forLibraries(running)
  .map((line) => `  ${line}`)
  .join('\n')}
${real ? '' : '\nHere: r and Enter gives all three APIs a new key, at once, so that the old ones are refused.'}
Envoy's admin page: http://127.0.0.1:${running.envoy.adminPort}   Attaché's: http://127.0.0.1:${running.attache.adminPort}   Ctrl-C ends everything.

${requestHeading}`);
}

/** The lines for a shell and for programs in it, of the APIs that are tried here. */
function forLibraries(running: Stack): string[] {
  const lines = sites(running, false).flatMap(({ name, names }) => {
    const named = names.find((domain) => !domain.endsWith('.localhost'));
    const known = apiNames.find((api) => api === name);
    return named === undefined || known === undefined ? [] : libraryLines(librariesOf(known, apis[known].host), named);
  });
  return [proxyLine(`127.0.0.1:${running.port}`), ...lines];
}

/** What can be asked for, what may be used being one of it: the virtual hosts that have a name under .localhost, which every machine takes for itself. */
function sites(
  running: Stack,
  real: boolean,
): { name: string; domain: string; names: readonly string[]; path: string }[] {
  const hosts = parseDocument(running.config).getIn([...pathOfRoutes, 'virtual_hosts']);
  const found: ReturnType<typeof sites> = [];
  for (const host of isSeq<YAMLMap>(hosts) ? hosts.items : []) {
    const { name, domains }: { name: string; domains: string[] } = host.toJSON();
    const domain = domains.find((one) => one.endsWith('.localhost'));
    const known = apiNames.find((api) => api === name);
    if (domain !== undefined && (known !== undefined || name === 'attache' || real)) {
      found.push({ name, domain, names: domains, path: known === undefined ? '/' : apis[known].example });
    }
  }
  return found;
}

/** Attaché's warnings and errors; with ATTACHE_LOG set, everything it says at that level. */
function showTrouble(line: string): void {
  let text = line;
  try {
    const entry: { level: string; msg?: string; explanation?: string; err?: { message: string } } = JSON.parse(line);
    if (!process.env.ATTACHE_LOG && !['warn', 'error', 'fatal'].includes(entry.level)) {
      return;
    }
    text = [entry.msg, entry.explanation ?? entry.err?.message].filter((part) => part !== undefined).join(': ');
  } catch {
    // Not a line of its log, so all the more worth showing.
  }
  console.log(`Attaché: ${text}`);
}

function rotateOnRequest(running: Stack): void {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    if (line.trim() !== 'r') {
      return;
    }
    try {
      await Promise.all(apiNames.map((name) => running.rotate(name)));
      console.log('New keys: the next request to each is refused once, and tried again with the new key.');
    } catch (error) {
      console.log(`The keys could not be changed: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** ATTACHE_… settings that are Attaché's own; where it listens and what it reads is the stack's business. */
function passedOn(): Record<string, string> {
  const ours = ['ATTACHE_AWS', 'ATTACHE_CONFIG', 'ATTACHE_LISTEN', 'ATTACHE_ADMIN'];
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('ATTACHE_') && !ours.includes(name) && value !== undefined) {
      settings[name] = value;
    }
  }
  return settings;
}

/** Stops everything and ends; asked a second time, ends at once, and the guard kills what is left. */
async function end(code: number): Promise<void> {
  if (stopping) {
    process.exit(1);
  }
  stopping = true;
  if (code === 0) {
    console.log('\nstopping …');
  }
  await stack?.stop();
  process.exit(code);
}
