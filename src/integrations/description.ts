import type { Ec2Options } from '../callers/ec2-options.ts';
import type { RotationOptions } from '../secrets/secret-state.ts';
import type { Place } from './problem.ts';
import type { WayIn } from './way-in.ts';

/**
 * What a valid file says, as plain data that JSON can hold: it is made where the file is judged, and handed over to whoever
 * answers Envoy. All that is costly or cannot cross a process boundary is made of it there, by {@link building}.
 */
export interface CatalogueDescription {
  readonly serverWide: ServerWide;
  readonly integrations: readonly IntegrationDescription[];
}

/** What holds for all integrations of a file. */
export interface ServerWide {
  /** The tags that the file defines, each with the rules of who has it. */
  readonly tags: readonly (readonly [tag: string, callers: readonly string[]])[];
  /** Absent: no tags are read from EC2. */
  readonly tagsFromEc2?: Ec2Options | undefined;
  /** Where a caller asks what it may use, a URL without a slash at its end. Absent: messages name no such place. */
  readonly discovery?: string | undefined;
  /** Whether the owners of secrets say where these may go, by the tag `attache:hosts`. */
  readonly hostsFromSecretTags: boolean;
}

/** One integration, as its block and the routes that name it say. */
export interface IntegrationDescription {
  readonly name: string;
  readonly host: string;
  readonly secretId: string;
  readonly replicas: readonly string[];
  readonly rotation: RotationOptions;
  /** The rules as they were written. Absent: whoever can reach a route of it. */
  readonly callers?: readonly string[] | undefined;
  /** The rules as they were written. Absent: everything may be requested. */
  readonly allow?: readonly string[] | undefined;
  readonly keep: readonly string[];
  /** In the words of `keep`: header names in lower case, and `query:name`. */
  readonly strip: readonly string[];
  readonly redact: boolean;
  /** Whether links to the destination in its responses stay as they are. */
  readonly keepsLinks: boolean;
  readonly lane: Lane;
  readonly credentials: readonly CredentialDescription[];
  /** Tells what stands above from what another file says of the same name. */
  readonly fingerprint: string;
  readonly waysIn: readonly WayIn[];
  /** Where it is defined, as `file:line`. */
  readonly where: string;
  /** Where its secret is named. */
  readonly secretAt: Place;
}

/** How a request gets its credential: Envoy asks about each attempt, or has been given it beforehand. */
export type Lane = 'ext_proc' | 'express';

/** A credential as a block asks for it. */
export interface CredentialDescription {
  /** Its key, for example `bearer`. */
  readonly kind: string;
  /** What stands under that key, aliases written out. */
  readonly options: unknown;
}
