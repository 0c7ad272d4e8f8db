import { globSync, readFileSync } from 'node:fs';
import type { Stack } from '../../../local/stack.ts';
import type { Reply } from './send.ts';

/** Everything that the processes of a stack write or show, and what callers got, by where it stands; `secret` was used last. */
export async function outputsOf(
  stack: Stack,
  replies: readonly Reply[],
  secret: string,
): Promise<Record<string, string>> {
  await stack.envoy.accessLog.find(({ attache }) => attache?.secret === secret, `a request with ${secret}`);
  const outputs: Record<string, string> = {
    "Attaché's log": stack.attache.log.entries.join('\n'),
    "Attaché's standard error": stack.attache.stderr.entries.join('\n'),
    "Envoy's log": stack.envoy.log.entries.join('\n'),
    'the access log': stack.envoy.accessLog.entries.map((entry) => JSON.stringify(entry)).join('\n'),
    'what callers got': replies.map((reply) => JSON.stringify([reply.headers, reply.text])).join('\n'),
    'the command lines': globSync('/proc/[0-9]*/cmdline').map(readIfThere).join('\n'),
  };
  for (const path of ['/', '/api/status', '/metrics', '/readyz'])
    outputs[`Attaché's ${path}`] = await (await stack.attache.admin(path)).text();
  for (const path of ['/config_dump?include_eds', '/stats', '/clusters', '/certs'])
    outputs[`Envoy's ${path}`] = await stack.envoy.admin(path);
  return outputs;
}

/** Where which of the named secrets is seen, as it is, in Base64 or in hexadecimal; empty when all is well. */
export function leaks(outputs: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(outputs).flatMap(([where, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => forms(secret).some((form) => text.includes(form)))
      .map(([name]) => `${name} in ${where}`),
  );
}

/** A secret as it stands in a header, in a log, in a form, or in an escaped text. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [secret, `${secret}:`, `:${secret}`].map((text) => Buffer.from(text).toString('base64'));
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...base64.map((text) => text.replace(/=+$/, '')),
    bytes.toString('hex'),
  ];
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
