import { type Examined, examine } from '../integrations/examine.ts';
import { CatalogueError } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';

/** An examined file that could be read as YAML. */
export type Readable = Examined & { readonly source: YamlSource };

/** @throws CatalogueError when the text is no YAML, or neither an Envoy configuration nor a list of integrations. */
export function examineReadable(file: string, text: string): Readable {
  const examined = examine(file, text);
  if (examined.source === undefined) throw new CatalogueError(examined.problems);
  return { ...examined, source: examined.source };
}
