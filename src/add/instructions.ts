import { libraryLines } from '../vendors/library.ts';
import { proxyLine, THIS_MACHINE } from '../vendors/proxy-line.ts';
import type { Addition } from './add-to-text.ts';
import { domainsOf } from './blocks.ts';
import { credentialsIn } from './credentials-in.ts';
import { urlOf } from './listeners.ts';
import { secretShape } from './secret-shape.ts';
import type { Wanted } from './wanted.ts';

/** What was added where, and all that is still needed to use it. */
export function instructions(
  file: string,
  wanted: Wanted,
  { line, widened, isEnvoy, isLive, manager }: Addition,
): string {
  const { name, host, secret, credential, libraries, command, documentation, note, inBody, largestBody } = wanted;
  const credentials = credentialsIn(credential);
  const writes = [...new Set(credentials.flatMap((it) => it.writes))];
  const [near = '', local = ''] = domainsOf(name);
  const use = (url: string) => command?.replace('{url}', url) ?? `curl ${url}/`;
  // The port of envoy/envoy.yaml, which is another one outside of the container.
  const isUsual = manager?.port === undefined || (manager.port === 80 && !manager.isTls);
  const url = urlOf(manager?.isLocal === true ? local : near, manager);
  const authority = url.replace(/^https?:\/\//, '');
  return [
    `Added ${name} for ${host}: ${file}:${line}`,
    ...(widened === undefined
      ? []
      : [`Attaché may now write ${widened.headers.join(', ')}: ${file}:${widened.line} (allow_expression)`]),
    '',
    `The secret ${secret} must hold: ${secretShape(credential)}`,
    ...(note === undefined ? [] : [`Note: ${note}.`]),
    ...(inBody === undefined
      ? []
      : [
          `Note: it also takes a credential in the field ${inBody} of a body, and bodies are passed on as they are: send none.`,
        ]),
    ...(credential.aws_sigv4 === undefined
      ? []
      : [
          ofAws(
            credentials.some((it) => it.readsBody === true),
            largestBody,
          ),
        ]),
    ...(documentation === undefined ? [] : [`See ${documentation}`]),
    '',
    ...(isEnvoy
      ? [
          `${whenInUse(isLive, widened !== undefined)} Then:`,
          ...(isLive && wanted.rules.lane === 'express'
            ? ['Attaché is asked about each of its requests until Envoy is restarted; then they take the express lane.']
            : []),
          ...(manager?.isLocal === true ? [] : [`  ${use(urlOf(near, manager))}`]),
          isUsual
            ? `  ${use(`http://${local}:${THIS_MACHINE.split(':')[1]}`)}    # from this machine, with npm start or docker compose`
            : `  ${use(urlOf(local, manager))}    # from the machine of Envoy`,
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
    ...(libraries.length === 0 ? [] : ['', 'In a program:', ...(isEnvoy && isUsual ? [`  ${FINDS_NAMES}`] : [])]),
    ...libraryLines(libraries, authority).map((line) => `  ${line.replaceAll(`http://${authority}`, url)}`),
    '',
  ].join('\n');
}

/** What has to be done before the route is in use. */
function whenInUse(isLive: boolean, isWidened: boolean): string {
  if (!isLive) return 'Attaché notices the edit by itself; restart Envoy.';
  const noticed = 'Attaché notices the edit, and gives the route to Envoy while it runs, in about a second';
  return isWidened ? `${noticed}; restart Envoy for allow_expression.` : `${noticed}.`;
}

const FINDS_NAMES = `${proxyLine(THIS_MACHINE)}    # on this machine; in a container of docker compose http_proxy=http://attache.int`;

/** What callers of AWS must know. */
function ofAws(readsBody: boolean, largest: number): string {
  const bodies = readsBody
    ? ` A body may have up to ${largest} bytes (--max-body), since all of it is signed; a larger one is answered with 413.`
    : '';
  return `Note: a presigned URL is refused with 403, since it holds a signature of the caller: request the same without it.${bodies}`;
}
