import { isSeq, type YAMLSeq } from 'yaml';
import { AddError } from './add-error.ts';
import { allowHeaders, type Widened } from './allow-headers.ts';
import { listItem, virtualHost } from './blocks.ts';
import { credentialsIn } from './credentials-in.ts';
import { clusterFor, hasRetryAnchor, refuseTaken, virtualHosts } from './envoy-place.ts';
import { insertItem } from './insert-item.ts';
import { examineReadable, type Readable } from './readable.ts';
import { redactFilter } from './redact-filter.ts';
import { isSameBut } from './same-tree.ts';
import type { Wanted } from './wanted.ts';
import { wholeBodyFilter } from './whole-body.ts';

/** A file's text with an integration added. */
export interface Addition {
  readonly text: string;
  /** Where the added lines begin, from 1. */
  readonly line: number;
  /** The one other line that had to change, if one had to. */
  readonly widened: Widened | undefined;
  /** False for a plain list, whose routes are elsewhere. */
  readonly isEnvoy: boolean;
}

/**
 * Adds an integration to the text of a file, which it does not write. Every byte that was there stays, but for a longer
 * `allow_expression`.
 *
 * @param options.cluster where its route goes; found in the file unless given.
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function addToText(
  file: string,
  text: string,
  wanted: Wanted,
  options: { readonly cluster?: string | undefined } = {},
): Addition {
  const examined = examineReadable(file, text);
  const { source, isEnvoy } = examined;
  const list = isEnvoy ? virtualHosts(examined) : integrationList(examined);
  refuseTaken(examined, isEnvoy ? list : undefined, wanted.name);
  const where = `${file}:${source.place(list).line}`;
  const lines = linesFor(examined, wanted, { ...options, list });
  const inserted = insertItem(text, list, lines, where);
  const after = examineReadable(file, inserted.text);
  if (!isSameBut({ grown: list }, source.root, after.source.root))
    throw new AddError(`the list at ${where} is written in a way that cannot be extended; paste what --print shows`);
  const widened = isEnvoy ? allowHeaders(inserted.text, after, wanted.name) : undefined;
  return { text: widened?.text ?? inserted.text, line: inserted.line, widened, isEnvoy };
}

/**
 * The lines that a file needs for an integration, to be pasted by hand.
 *
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function linesToPaste(
  file: string,
  text: string,
  wanted: Wanted,
  options: { readonly cluster?: string | undefined } = {},
): readonly string[] {
  return linesFor(examineReadable(file, text), wanted, options);
}

function linesFor(
  examined: Readable,
  wanted: Wanted,
  { cluster, list }: { cluster?: string | undefined; list?: YAMLSeq<unknown> },
): readonly string[] {
  if (!examined.isEnvoy) return listItem(wanted, { oneLine: isInBrackets(list?.items.at(-1)) });
  const target = clusterFor(examined, cluster);
  const readsBody = credentialsIn(wanted.credential).some((credential) => credential.readsBody === true);
  return virtualHost(wanted, {
    cluster: target,
    buffer: readsBody ? wholeBodyFilter(examined, target, list) : undefined,
    redact: wanted.rules.redact ? redactFilter(examined, list) : undefined,
    hasAnchor: hasRetryAnchor(examined.source, list?.range?.[0] ?? Number.POSITIVE_INFINITY),
  });
}

function integrationList({ source }: Readable): YAMLSeq<unknown> {
  const list = source.get(source.root, 'integrations');
  if (!isSeq(list))
    throw new AddError(`${source.file} has no list of integrations yet; paste what --print shows under integrations:`);
  return list;
}

function isInBrackets(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'flow' in item && item.flow === true;
}
