import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, type Node, parse, type YAMLMap } from 'yaml';
import { KINDS } from '../credentials/kinds.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import { pinnedHost } from '../integrations/pinned-host.ts';
import { CatalogueError } from '../integrations/problem.ts';
import { SWITCH_ON } from '../integrations/redaction-filter.ts';
import { YamlSource } from '../integrations/yaml-source.ts';
import { plainOf, textOf } from '../integrations/yaml-values.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import { AddError } from './add-error.ts';
import { type Addition, placeOfList } from './add-to-text.ts';
import { allowHeaders } from './allow-headers.ts';
import { credentialsIn } from './credentials-in.ts';
import { findIntegration, refuseUnknown } from './find-integration.ts';
import { examineReadable, type Readable } from './readable.ts';
import { redactFilter } from './redact-filter.ts';
import { secretShape } from './secret-shape.ts';
import { type Path, pathTo, setKey, type Written } from './set-key.ts';
import { takeHeadersBack } from './take-headers-back.ts';
import type { Wanted } from './wanted.ts';
import { credentialText, scalar } from './yaml-text.ts';

/** What a file says of an integration, as far as it can be changed in place. */
export interface Standing {
  readonly host: string;
  readonly secret: string;
  readonly credential: CredentialBlock;
  readonly callers: readonly string[];
  readonly allow: readonly string[];
  readonly keep: readonly string[];
  readonly strip: readonly string[];
  readonly redact: boolean;
}

/** What of an integration may be another: all but its name, for which there is `renameInText`. */
export type Changed = Pick<Wanted, 'host' | 'secret' | 'credential' | 'rules'>;

/** The block that defines an integration, and what it stands in. */
interface Definition {
  readonly block: YAMLMap;
  /** Undefined in a plain list. */
  readonly route: Route | undefined;
}

/**
 * What a file says of an integration.
 *
 * @throws AddError for one that the file does not have, or that says nothing that could be changed here.
 */
export function standingIn(readable: Readable, name: string): Standing {
  return standing(readable, name, definitionOf(readable, name));
}

/**
 * Changes an integration in the text of a file, which it does not write: key by key, so that whatever else was written there stays, to
 * the byte, comments included.
 *
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function changeInText(file: string, text: string, name: string, wanted: Changed): Addition {
  const before = examineReadable(file, text);
  const definition = definitionOf(before, name);
  const old = standing(before, name, definition);
  if ((old.credential.aws_sigv4 === undefined) !== (wanted.credential.aws_sigv4 === undefined)) {
    const message =
      'a route whose requests are signed for AWS is another one altogether; remove this integration and set it up anew';
    throw new AddError(message, { field: 'send', message });
  }
  const isLess = [...writes(old.credential)].some((header) => !writes(wanted.credential).has(header));
  const narrowed = before.isEnvoy && isLess ? takeHeadersBack(text, before, name) : undefined;
  const current = changed(file, narrowed?.text ?? text, name, { old, wanted });
  const after = readAgain(file, current);
  const widened = after.isEnvoy ? allowHeaders(current, after, name) : undefined;
  const { route, block } = definitionOf(after, name);
  const list = route === undefined ? undefined : after.source.get(route.routeConfig, 'virtual_hosts');
  return {
    text: widened?.text ?? current,
    line: after.source.place(route?.virtualHost ?? block).line,
    widened,
    ...placeOfList(after, list),
  };
}

function definitionOf(readable: Readable, name: string): Definition {
  refuseUnknown(readable, name);
  const { source } = readable;
  const { routes, items } = findIntegration(readable, name);
  const ofRoutes = routes.map((route) => ({ block: route.block?.value, route }));
  const ofItems = items.map((block) => ({ block, route: undefined }));
  const found = [...ofRoutes, ...ofItems].find(({ block }) => source.get(block, 'secret') !== undefined);
  if (found === undefined || !isMap(found.block))
    throw new AddError(`integration ${name} has no secret in ${source.file}; write its block out first`);
  return { block: found.block, route: found.route };
}

function standing({ source }: Readable, name: string, { block, route }: Definition): Standing {
  const pinned = route === undefined ? undefined : pinnedHost(source, route.route);
  const host =
    pinned === undefined
      ? textOf(source.get(block, 'host'))
      : 'host' in pinned
        ? pinned.host
        : textOf(source.get(route?.route, 'route', 'host_rewrite_literal'));
  if (host === undefined) throw new AddError(`integration ${name} has no pinned host; edit it by hand`);
  const list = (key: string) => source.items(source.get(block, key)).map((node) => textOf(node) ?? '');
  const credential = source
    .pairs(block)
    .filter(({ key }) => KINDS.some((kind) => kind.key === key))
    .map(({ key, value }) => [key, plainOf(source, source.follow(value))]);
  return {
    host,
    secret: textOf(source.get(block, 'secret')) ?? '',
    credential: Object.fromEntries(credential),
    callers: list('callers'),
    allow: list('allow'),
    keep: list('keep'),
    strip: list('strip'),
    redact: textOf(source.get(block, 'redact')) === 'true',
  };
}

/** The text with each key changed that is another. Nothing outside of the virtual host, or of the item, is touched. */
function changed(
  file: string,
  text: string,
  name: string,
  { old, wanted }: { readonly old: Standing; readonly wanted: Changed },
): string {
  const before = examineReadable(file, text);
  const { source } = before;
  const { block, route } = definitionOf(before, name);
  const whole = route?.virtualHost ?? block;
  const path = pathTo(source, block);
  const [begins = 0, ends = 0] = whole.range ?? [];
  const isInside = (block.range?.[0] ?? -1) >= begins && (block.range?.[1] ?? 0) <= ends;
  if (path === undefined || !isInside)
    throw new AddError(
      `the block of ${name} stands elsewhere (${file}:${source.place(block).line}), perhaps for several; edit it by hand`,
    );
  let current = text;
  const set = (where: Path, key: string, written: Written | undefined) => {
    current = setKey(file, current, where, key, written);
  };
  const expected: Record<string, unknown> = Object.assign({}, plainOf(source, block));
  const expect = (key: string, written: Written | undefined) => {
    if (written === undefined) delete expected[key];
    else expected[key] = written.value;
    set(path, key, written);
  };

  if (wanted.host !== old.host) {
    if (route === undefined) expect('host', ofText(wanted.host));
    else changeHost(before, name, route, (where, key) => set(where, key, ofText(wanted.host)));
  }
  if (wanted.secret !== old.secret) expect('secret', ofText(wanted.secret));
  if (!isDeepStrictEqual(wanted.credential, old.credential)) {
    const kinds = new Set([...Object.keys(wanted.credential), ...Object.keys(old.credential)]);
    const value = (credential: CredentialBlock, kind: string) => credential[kind as keyof CredentialBlock];
    for (const kind of kinds) {
      const next = value(wanted.credential, kind);
      if (isDeepStrictEqual(next, value(old.credential, kind))) continue;
      expect(kind, next === undefined ? undefined : { value: next, text: credentialText(kind, next) });
    }
    current = retold(file, current, path, [secretShape(old.credential), secretShape(wanted.credential)]);
  }
  for (const key of ['callers', 'allow', 'keep', 'strip'] as const) {
    const items = merged(old[key], wanted.rules[key]);
    if (isDeepStrictEqual(items, old[key])) continue;
    expect(key, items.length === 0 ? undefined : { value: items, text: `[${items.map(scalar).join(', ')}]` });
  }
  if (wanted.rules.redact !== old.redact) {
    expect('redact', wanted.rules.redact ? { value: true, text: 'true' } : undefined);
    if (route !== undefined) switchRedaction(before, name, route, wanted.rules.redact, set);
  }

  const after = readAgain(file, current);
  const isWhole = current.startsWith(text.slice(0, begins)) && current.endsWith(text.slice(ends));
  const now = plainOf(after.source, definitionOf(after, name).block);
  if (!isWhole || !isDeepStrictEqual({ ...(now as object) }, expected))
    throw new AddError(`integration ${name} is written in a way that cannot be changed here; edit it by hand`);
  return current;
}

/** Those that stay, in their order, and then the new ones. */
function merged(old: readonly string[], wanted: readonly string[]): string[] {
  return [...old.filter((it) => wanted.includes(it)), ...wanted.filter((it) => !old.includes(it))];
}

function ofText(text: string): Written {
  return { value: text, text: scalar(text) };
}

function changeHost(
  { source }: Readable,
  name: string,
  { route }: Route,
  set: (where: Path, key: string) => void,
): void {
  const action = source.get(route, 'route');
  const node = source.get(action, 'host_rewrite_literal');
  const path = action === undefined ? undefined : pathTo(source, action);
  if (path === undefined || !isScalar(node)) {
    const message = `the host of ${name} does not stand in host_rewrite_literal; edit it by hand`;
    throw new AddError(message, { field: 'target', message });
  }
  set(path, keyOf(source, action));
}

/** The name may be spelt in two ways. */
function keyOf(source: YamlSource, action: Node | undefined): string {
  const pairs = source.pairs(action).map(({ key }) => key);
  return pairs.includes('host_rewrite_literal') ? 'host_rewrite_literal' : 'hostRewriteLiteral';
}

function switchRedaction(
  before: Readable,
  name: string,
  { route, routeConfig }: Route,
  on: boolean,
  set: (where: Path, key: string, written: Written | undefined) => void,
): void {
  const { source } = before;
  const list = source.get(routeConfig, 'virtual_hosts');
  const filter = redactFilter(before, isSeq(list) ? list : undefined);
  const path = pathTo(source, route);
  if (path === undefined) throw new AddError(`the route of ${name} stands elsewhere; edit it by hand`);
  const filters = source.map(source.get(route, 'typed_per_filter_config'));
  const written: Written = { value: parse(SWITCH_ON), text: SWITCH_ON };
  if (on && filters === undefined)
    set(path, 'typed_per_filter_config', {
      value: { [filter]: written.value },
      text: `{ ${scalar(filter)}: ${SWITCH_ON} }`,
    });
  else if (on) set([...path, 'typed_per_filter_config'], filter, written);
  else if (filters?.items.length === 1 && source.get(filters, filter) !== undefined)
    set(path, 'typed_per_filter_config', undefined);
  else set([...path, 'typed_per_filter_config'], filter, undefined);
}

/** The comment that `attache add` writes behind a secret, where it stands as it was written. */
function retold(file: string, text: string, path: Path, [before, after]: readonly [string, string]): string {
  const source = new YamlSource(file, text);
  let node: unknown = source.root;
  for (const step of [...path, 'secret']) {
    if (isSeq(node)) node = node.items[Number(step)];
    else node = source.get(node, String(step));
  }
  const end = isScalar(node) ? (node.range?.[1] ?? 0) : 0;
  const lineEnd = text.indexOf('\n', end);
  const rest = text.slice(end, lineEnd < 0 ? undefined : lineEnd);
  const comment = /^([ \t]+# ?)(.*?)(\r?)$/.exec(rest);
  if (end === 0 || comment?.[2] !== before) return text;
  return `${text.slice(0, end)}${comment[1]}${after}${comment[3]}${lineEnd < 0 ? '' : text.slice(lineEnd)}`;
}

function readAgain(file: string, text: string): Readable {
  try {
    return examineReadable(file, text);
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    throw new AddError(`${file} is written in a way that cannot be changed here; edit it by hand`);
  }
}

function writes(credential: CredentialBlock): ReadonlySet<string> {
  return new Set(credentialsIn(credential).flatMap((it) => it.writes));
}
