import type { IntegrationDescription, ServerWide } from '../integrations/description.ts';
import type { Problem } from '../integrations/problem.ts';
import type { StandingParts } from '../routes/standing-parts.ts';

/** A file that was read and found good: all that a process needs to answer Envoy, as plain data that JSON can hold. */
export interface Configuration {
  /** Tells it from others: 16 hexadecimal digits of the hash of the file's bytes. */
  readonly version: string;
  /** The number of integrations. */
  readonly size: number;
  /** A {@link Page} each, as JSON: short enough that reading one holds nobody up. */
  readonly pages: readonly string[];
  /** What could be better in it. */
  readonly warnings: readonly Problem[];
}

/** A part of a configuration. */
export interface Page {
  /** In the first page alone. */
  readonly serverWide?: ServerWide;
  readonly integrations: readonly IntegrationDescription[];
  /** In the first page alone: what Envoy reads of the file when it starts and never again. Absent: it gets no routes of Attaché. */
  readonly standing?: StandingParts;
  /** Bytes of the routes that Envoy gets of Attaché, in base64. Those of one name follow those before. */
  readonly routes?: { readonly name: string; readonly bytes: string };
}

/** What came of reading a file. */
export type Reading =
  | { readonly kind: 'good'; readonly configuration: Configuration }
  /** It cannot be used; at least one of the problems is an error. */
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] };
