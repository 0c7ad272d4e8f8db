import { building } from '../integrations/build.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { IntegrationDescription, ServerWide } from '../integrations/description.ts';
import type { Configuration, Page } from './configuration.ts';
import { inSlices, type Slicing } from './slices.ts';

/**
 * Makes the catalogue of a configuration, little by little, so that requests are answered meanwhile.
 *
 * @returns undefined when it was not wanted any more.
 */
export function catalogueOf(configuration: Configuration, slicing?: Slicing): Promise<Catalogue | undefined> {
  return inSlices(steps(configuration), slicing);
}

/** The steps in which a catalogue is made: a page or an integration each. */
export function* steps({ pages }: Configuration): Generator<undefined, Catalogue> {
  let serverWide: ServerWide = { tags: [], hostsFromSecretTags: false };
  const integrations: IntegrationDescription[] = [];
  for (const text of pages) {
    const page = JSON.parse(text) as Page;
    serverWide = page.serverWide ?? serverWide;
    integrations.push(...page.integrations);
    yield;
  }
  return yield* building({ serverWide, integrations });
}
