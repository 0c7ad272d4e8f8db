import { building } from '../integrations/build.ts';
import type { Catalogue } from '../integrations/catalogue.ts';
import type { IntegrationDescription, ServerWide } from '../integrations/description.ts';
import type { StandingParts } from '../routes/standing-parts.ts';
import type { Configuration, Page } from './configuration.ts';
import { inSlices, type Slicing } from './slices.ts';

/** What a configuration holds, ready for use. */
export interface Contents {
  readonly catalogue: Catalogue;
  /** The routes that Envoy gets of Attaché, by name: bytes of an `envoy.config.route.v3.RouteConfiguration`. */
  readonly routes: ReadonlyMap<string, Buffer>;
  /** What Envoy reads of the file when it starts and never again. Undefined where it gets no routes of Attaché. */
  readonly standing: StandingParts | undefined;
}

/**
 * Makes what a configuration holds ready, little by little, so that requests are answered meanwhile.
 *
 * @param options.before what it replaces, of which it takes what has not changed.
 * @returns undefined when it was not wanted any more.
 */
export function contentsOf(
  configuration: Configuration,
  { before, ...slicing }: Slicing & { readonly before?: Catalogue } = {},
): Promise<Contents | undefined> {
  return inSlices(steps(configuration, before), slicing);
}

/** The steps in which it is made ready: a page or an integration each. */
export function* steps({ pages }: Configuration, before?: Catalogue): Generator<undefined, Contents> {
  let serverWide: ServerWide = { tags: [], hostsFromSecretTags: false };
  let standing: StandingParts | undefined;
  const integrations: IntegrationDescription[] = [];
  const parts = new Map<string, Buffer[]>();
  for (const text of pages) {
    const page = JSON.parse(text) as Page;
    serverWide = page.serverWide ?? serverWide;
    standing = page.standing ?? standing;
    integrations.push(...page.integrations);
    if (page.routes !== undefined) {
      const before = parts.get(page.routes.name) ?? [];
      parts.set(page.routes.name, [...before, Buffer.from(page.routes.bytes, 'base64')]);
    }
    yield;
  }
  const routes = new Map([...parts].map(([name, those]) => [name, Buffer.concat(those)]));
  return { catalogue: yield* building({ serverWide, integrations }, before), routes, standing };
}
