import { ConfigurationFile } from './configuration/configuration-file.ts';
import type { Settings } from './settings.ts';

/**
 * Answers Envoy until the process is told to end: in this process, or in several that this one supervises.
 *
 * @returns once it is ready; from then on signals end it.
 * @throws CatalogueError when the file that defines the integrations has errors.
 * @throws SettingsError when AWS settings contradict each other.
 * @throws Error when an address cannot be had.
 */
export async function serve(settings: Settings): Promise<void> {
  // The file is read in a process of its own while all else is loaded.
  const opening = ConfigurationFile.open(settings.config, { fetchDeadline: settings.fetchDeadline });
  opening.catch(() => undefined);
  // A supervisor holds no secret, so it does not load what reads them either.
  if (settings.workers > 1) return (await import('./supervise.ts')).supervise(settings, await opening);
  const { serveAlone } = await import('./serve-alone.ts');
  return serveAlone(settings, await opening);
}
