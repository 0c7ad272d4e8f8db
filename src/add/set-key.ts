import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { AddError } from './add-error.ts';
import { contentEnd, endOfItem, insertEntry, startOf } from './insert-entry.ts';
import { removeEntry } from './remove-entry.ts';
import { scalar } from './yaml-text.ts';

/** The way from the root of a file to a node: the keys of maps, and positions in lists. */
export type Path = readonly (string | number)[];

/** A value as data, and as it is written in one line where no brackets are around it. */
export interface Written {
  readonly value: unknown;
  readonly text: string;
}

/** The way to a node; undefined for one that is not in the file itself. */
export function pathTo(source: YamlSource, wanted: Node): Path | undefined {
  let found: Path | undefined;
  if (source.root === undefined) return undefined;
  visit(source.root, {
    Node: (key, node, ancestors) => {
      if (node !== wanted) return undefined;
      const steps: (string | number)[] = [];
      const all = [...ancestors, node];
      for (const [index, ancestor] of all.entries()) {
        const parent = all[index - 1];
        if (isSeq(parent)) steps.push(parent.items.indexOf(ancestor));
        else if (typeof ancestor === 'object' && ancestor !== null && 'key' in ancestor)
          steps.push(textOf(source.follow(ancestor.key)) ?? '');
      }
      found = key === 'key' ? undefined : steps;
      return visit.BREAK;
    },
  });
  return found;
}

/**
 * Gives a key of a map another value, or takes it away, and leaves every other byte as it is. A list with hyphens keeps the items that
 * stay, with their comments.
 *
 * @param path where the map is.
 * @param written undefined takes the key away.
 * @throws AddError for what is written in a way that cannot be changed here.
 */
export function setKey(file: string, text: string, path: Path, key: string, written: Written | undefined): string {
  const source = new YamlSource(file, text);
  const map = at(source, path);
  if (!isMap(map)) throw byHand(source, map, key);
  const pair = map.items.find((it) => textOf(source.follow(it.key)) === key);
  if (pair === undefined) return written === undefined ? text : inserted(source, text, map, key, written);
  if (written === undefined) return removed(source, text, map, pair);
  if (isSeq(pair.value) && pair.value.flow !== true && Array.isArray(written.value))
    return listed(file, text, [...path, key], written.value);
  return replaced(source, text, pair, written);
}

function at(source: YamlSource, path: Path): Node | undefined {
  let node: unknown = source.root;
  for (const step of path) {
    if (isSeq(node)) node = node.items[Number(step)];
    else node = isMap(node) ? node.items.find((it) => textOf(source.follow(it.key)) === step)?.value : undefined;
  }
  return node as Node | undefined;
}

function byHand(source: YamlSource, node: Node | undefined, key: string): AddError {
  return new AddError(
    `${key} stands at ${source.file}:${source.place(node).line} in a way that cannot be changed here; edit it by hand`,
  );
}

function inserted(source: YamlSource, text: string, map: YAMLMap, key: string, written: Written): string {
  const entry = { lines: [`${scalar(key)}: ${written.text}`], value: { [key]: written.value } };
  return insertEntry(text, map, entry, `${source.file}:${source.place(map).line}`).text;
}

function replaced(source: YamlSource, text: string, pair: Pair, written: Written): string {
  const key = textOf(source.follow(pair.key)) ?? '';
  const value = pair.value as Node | null;
  // JSON quotes its keys, and its values must be JSON.
  const isPlain = isScalar(pair.key) && pair.key.type === 'PLAIN';
  const put = isPlain ? written.text : JSON.stringify(written.value);
  if (value === null || (!isAlias(value) && 'anchor' in value && value.anchor !== undefined))
    throw byHand(source, pair.key as Node, key);
  const isTall = (isMap(value) || isSeq(value)) && value.flow !== true;
  const end = contentEnd(pair);
  if (!isTall && !(isScalar(value) && /^BLOCK_/.test(value.type ?? '')))
    return text.slice(0, value.range?.[0]) + put + text.slice(value.range?.[1]);
  const behindKey = contentEnd({ ...pair, value: null });
  const colon = /^\s*:/.exec(text.slice(behindKey))?.[0];
  const from = behindKey + (colon?.length ?? 0);
  // What is said of a part of it would be lost.
  if (colon === undefined || /(?:^|\s)#/.test(text.slice(from, end))) throw byHand(source, value, key);
  return `${text.slice(0, from)} ${put}${text.slice(end)}`;
}

function removed(source: YamlSource, text: string, map: YAMLMap, pair: Pair): string {
  const key = textOf(source.follow(pair.key)) ?? '';
  const [start, end] = [startOf(pair), contentEnd(pair)];
  const index = map.items.indexOf(pair);
  if (map.flow === true) {
    const next = map.items[index + 1];
    const previous = map.items[index - 1];
    if (next !== undefined) return text.slice(0, start) + text.slice(startOf(next));
    if (previous !== undefined) return text.slice(0, contentEnd(previous)) + text.slice(end);
    return text.slice(0, start) + text.slice(end);
  }
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indentation = text.slice(lineStart, start);
  if (indentation.trim() !== '' || map.items.length === 1) throw byHand(source, pair.key as Node, key);
  return text.slice(0, lineStart) + text.slice(endOfItem(text, end, indentation.length));
}

/** Takes items out of a list with hyphens and puts others at its end. */
function listed(file: string, text: string, path: Path, wanted: readonly unknown[]): string {
  let current = text;
  for (;;) {
    const source = new YamlSource(file, current);
    const list = at(source, path) as YAMLSeq<unknown>;
    const texts = list.items.map((item) => textOf(source.follow(item)));
    const gone = texts.findIndex((it) => it === undefined || !wanted.includes(it));
    const more = wanted.find((it) => !texts.includes(String(it)));
    const where = `${file}:${source.place(list).line}`;
    // New ones first, so that the list is never empty.
    if (more !== undefined) {
      const entry = { lines: [`- ${scalar(String(more))}`], value: more };
      current = insertEntry(current, list, entry, where).text;
    } else if (gone >= 0) {
      const shortened = removeEntry(current, list, gone, undefined);
      if (shortened === undefined) throw byHand(source, list, String(path.at(-1)));
      current = shortened.text;
    } else return current;
  }
}
