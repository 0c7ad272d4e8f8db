import type { YamlSource } from '../integrations/yaml-source.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';

/** The listeners of envoy.yaml that use these certificates, by name, with whom they let in. */
export const TLS_LISTENERS = {
  egress_https: 'whoever can connect',
  egress_mtls: 'only who holds a certificate of callers.pem',
} as const;

/** One of {@link TLS_LISTENERS} in a file. */
export interface TlsListener {
  readonly name: keyof typeof TLS_LISTENERS;
  readonly port: number;
  /** The lines to take out of their comment, counted from 1. Undefined for a listener that is switched on. */
  readonly lines: { readonly first: number; readonly last: number } | undefined;
}

/** Finds the listeners in the file, in comments and switched on. */
export function findTlsListeners(source: YamlSource, text: string): TlsListener[] {
  const names = Object.keys(TLS_LISTENERS) as (keyof typeof TLS_LISTENERS)[];
  return names.flatMap((name) => switchedOn(source, name) ?? commentedOut(text, name) ?? []);
}

function switchedOn(source: YamlSource, name: TlsListener['name']): TlsListener | undefined {
  const listener = source
    .items(source.get(source.root, 'static_resources', 'listeners'))
    .find((item) => textOf(source.get(item, 'name')) === name);
  const port = numberOf(source.get(listener, 'address', 'socket_address', 'port_value'));
  return port === undefined ? undefined : { name, port, lines: undefined };
}

function commentedOut(text: string, name: TlsListener['name']): TlsListener | undefined {
  const block = new RegExp(`^( *)# - name: ${name}\\b.*(?:\\r?\\n\\1# {3}.*)*`, 'm').exec(text);
  const port = /port_value: (\d+)/.exec(block?.[0] ?? '')?.[1];
  if (block === null || port === undefined) return undefined;
  const first = lineBreaks(text.slice(0, block.index)) + 1;
  return { name, port: Number(port), lines: { first, last: first + lineBreaks(block[0]) } };
}

function lineBreaks(text: string): number {
  return text.split('\n').length - 1;
}
