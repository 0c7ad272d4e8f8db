import { proxyLine, THIS_MACHINE } from '../vendors/proxy-line.ts';
import type { Addition } from './add-to-text.ts';
import { credentialsIn } from './credentials-in.ts';
import { secretShape } from './secret-shape.ts';
import { notesOn, usageOf } from './usage.ts';
import type { Wanted } from './wanted.ts';

/** What was added where, and all that is still needed to use it. */
export function instructions(file: string, wanted: Wanted, addition: Addition): string {
  const { line, widened, isEnvoy, isLive } = addition;
  const { name, host, secret, credential, documentation } = wanted;
  const credentials = credentialsIn(credential);
  const writes = [...new Set(credentials.flatMap((it) => it.writes))];
  const { commands, findsNames, libraries } = usageOf(wanted, addition);
  return [
    `Added ${name} for ${host}: ${file}:${line}`,
    ...(widened === undefined
      ? []
      : [`Attaché may now write ${widened.headers.join(', ')}: ${file}:${widened.line} (allow_expression)`]),
    '',
    `The secret ${secret} must hold: ${secretShape(credential)}`,
    ...notesOn(wanted).map((note) => `Note: ${note}`),
    ...(documentation === undefined ? [] : [`See ${documentation}`]),
    '',
    ...(isEnvoy
      ? [
          ...(isLive && wanted.rules.lane === 'express'
            ? [
                'Until Envoy is restarted, Attaché is asked about each of its requests; then they take the express lane.',
              ]
            : []),
          `${whenInUse(isLive, widened !== undefined)} Then:`,
          ...commands.map(({ line: command, from }) => `  ${command}${from === undefined ? '' : `    # ${from}`}`),
        ]
      : [
          `Attaché notices the edit by itself. Envoy needs a route to ${host} whose integration is ${name}`,
          `and, in mutation_rules, leave for Attaché to write ${writes.join(', ')}.`,
          ...(wanted.rules.redact
            ? ['For redact, give the route what attache add --print shows for an envoy.yaml.']
            : []),
          ...(credentials.some(({ readsBody }) => readsBody === true)
            ? ['Attaché signs whole bodies: give the route what attache add --print shows for an envoy.yaml.']
            : []),
        ]),
    ...(libraries.length === 0 ? [] : ['', 'In a program:', ...(findsNames ? [`  ${FINDS_NAMES}`] : [])]),
    ...libraries.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** What has to be done before the route is in use. */
export function whenInUse(isLive: boolean, isWidened: boolean): string {
  if (!isLive) return 'Attaché notices the edit by itself; restart Envoy.';
  const noticed = 'Attaché notices the edit, and gives the route to Envoy while it runs, in about a second';
  return isWidened ? `${noticed}; restart Envoy for allow_expression.` : `${noticed}.`;
}

const FINDS_NAMES = `${proxyLine(THIS_MACHINE)}    # on this machine; in a container of docker compose http_proxy=http://attache.int`;
