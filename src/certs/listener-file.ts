import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Examined, examine } from '../integrations/examine.ts';
import { CatalogueError } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';

/** Envoy's configuration: whose listeners the certificates are for. */
export interface ListenerFile extends Examined {
  readonly file: string;
  readonly text: string;
  readonly source: YamlSource;
}

/**
 * Reads Envoy's configuration. Right or wrong integrations are not its matter.
 *
 * @param given the file that the user names. Default: `envoy.yaml` in the directory, else the one of ATTACHE_CONFIG, else
 *   `envoy/envoy.yaml`.
 * @throws CatalogueError when it cannot be read as YAML.
 */
export function readListenerFile(directory: string, given: string | undefined): ListenerFile {
  const beside = join(directory, 'envoy.yaml');
  const file = given ?? (existsSync(beside) ? beside : (process.env.ATTACHE_CONFIG ?? 'envoy/envoy.yaml'));
  const text = readText(file);
  const examined = examine(file, text);
  if (examined.source === undefined) throw new CatalogueError(examined.problems);
  return { ...examined, source: examined.source, file, text };
}
