import type { CatalogueDescription } from '../integrations/description.ts';
import { type Examined, examine } from '../integrations/examine.ts';
import { liveRoutes } from '../integrations/live-routes.ts';
import { CatalogueError, foremost, type Problem } from '../integrations/problem.ts';
import { decodeText } from '../integrations/read-catalogue.ts';
import { encodeLive, type LiveRoutes } from '../routes/encode-live.ts';
import { type StandingParts, standingParts } from '../routes/standing-parts.ts';
import type { Page, Reading } from './configuration.ts';

/** How many integrations stand on a page: some 20 kB. */
const A_PAGE = 50;

/** How many bytes of routes stand on a page. */
const BYTES_A_PAGE = 24_576;

/**
 * Reads the bytes of a file and judges them. It takes time: see {@link readConfiguration}.
 *
 * @param rules what is wrong with a file besides its integrations. They are asked where Envoy gets its routes of Attaché, so that none
 *   reaches Envoy that `attache check` would refuse.
 */
export async function judge(
  file: string,
  version: string,
  bytes: Uint8Array,
  rules: (examined: Examined) => readonly Problem[] = () => [],
): Promise<Reading> {
  try {
    const examined = examine(file, decodeText(file, bytes));
    const { source, maps, description } = examined;
    const isLive = source !== undefined && liveRoutes(source, maps).length > 0;
    const { routes, faults } = await encodeLive(examined);
    const errors = isLive ? [...rules(examined), ...faults].filter(isError) : [];
    const problems = errors.length > 0 ? foremost([...examined.problems, ...errors]) : examined.problems;
    if (problems.some(isError)) return { kind: 'bad', problems };
    const pages = pagesOf(description, routes, isLive ? standingParts(source) : undefined);
    const size = description.integrations.length;
    return {
      kind: 'good',
      configuration: { version, size, pages: pages.map((page) => JSON.stringify(page)), warnings: problems },
    };
  } catch (error) {
    if (error instanceof CatalogueError) return { kind: 'bad', problems: error.problems };
    throw error;
  }
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

function pagesOf(
  { serverWide, integrations }: CatalogueDescription,
  routes: LiveRoutes,
  standing: StandingParts | undefined,
): Page[] {
  const first = { serverWide, integrations: integrations.slice(0, A_PAGE) };
  const pages: Page[] = [standing === undefined ? first : { ...first, standing }];
  for (let at = A_PAGE; at < integrations.length; at += A_PAGE)
    pages.push({ integrations: integrations.slice(at, at + A_PAGE) });
  for (const [name, bytes] of routes) {
    for (let at = 0; at < bytes.length; at += BYTES_A_PAGE) {
      const part = Buffer.from(bytes.subarray(at, at + BYTES_A_PAGE));
      pages.push({ integrations: [], routes: { name, bytes: part.toString('base64') } });
    }
  }
  return pages;
}
