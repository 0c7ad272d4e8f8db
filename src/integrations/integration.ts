import type { Callers } from '../callers/caller-policy.ts';
import type { Injector } from '../credentials/injector.ts';
import type { Template } from '../credentials/template.ts';
import type { AllowRule } from '../paths/allow-rule.ts';
import type { SecretUse } from '../secrets/secret-use.ts';
import type { Lane } from './description.ts';
import type { Place } from './problem.ts';
import type { WayIn } from './way-in.ts';

/** A kind of credential that an integration has, and what it writes, as people name it. */
export interface KindInUse {
  /** Its key, for example `bearer`. */
  readonly kind: string;
  readonly places: readonly string[];
}

/** A destination and the credential that it gets, as a route asks for it: validated and frozen. */
export interface Integration extends SecretUse {
  /** Unique in the catalogue. */
  readonly name: string;
  /** The one `:authority` that a request may have when it reaches Attaché, as Envoy rewrites it: lower-case, with the port if one is given. */
  readonly host: string;
  /** Who may use it. */
  readonly callers: Callers;
  /** Methods and paths that may be requested. Undefined: all. */
  readonly allow: readonly AllowRule[] | undefined;
  /** Whether what was injected is taken out of the response. */
  readonly redact: boolean;
  /**
   * What becomes of links in its responses: they lead to where the caller asked, stay as they are, or are held back because they
   * may repeat a key that stands in the URL.
   */
  readonly links: 'inside' | 'keep' | 'withhold';
  /** `express` where Envoy is given beforehand what requests carry; otherwise it asks about each attempt. */
  readonly lane: Lane;
  readonly injector: Injector;
  /** The same as long as a change of the file leaves everything as it is but where it stands and how it is reached. */
  readonly fingerprint: string;
  /** How callers reach it, by the routes that name it; none when the file has no routes. */
  readonly waysIn: readonly WayIn[];
  /** The kinds of credential that it gets. */
  readonly kinds: readonly KindInUse[];
  /** What it writes, as people name it: a header in lower case, `query key`, `path`. */
  readonly places: readonly string[];
  /** The headers that it sets or removes, in lower case; `:path` for the path and its query. */
  readonly writes: readonly string[];
  /** Those of them to whose lists it appends, so that Attaché must see them. */
  readonly appends: readonly string[];
  /** The same as `writes`, and `:path` too where it takes parameters of the caller out of the query: all that Envoy must let it change. */
  readonly mutates: readonly string[];
  /** The service of AWS that it is, as signatures name it; undefined for all else. */
  readonly service: string | undefined;
  /** What it takes from the secret. */
  readonly templates: readonly Template[];
  /** Where it is defined, as `file:line`. */
  readonly where: string;
  /** Where its secret is named. */
  readonly secretAt: Place;
}
