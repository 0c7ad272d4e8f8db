import { Scalar } from 'yaml';
import { domainIn, isRegion } from '../aws/region.ts';
import { closest } from '../integrations/closest.ts';
import type { Lane } from '../integrations/description.ts';
import { hostFault } from '../integrations/host.ts';
import { nameFault } from '../integrations/integration-name.ts';
import { secretIdFault } from '../integrations/secret-id.ts';
import type { Library } from '../vendors/library.ts';
import { inRegion, needsRegion } from '../vendors/region.ts';
import type { CredentialBlock, Vendor } from '../vendors/vendor.ts';
import { librariesOf, VENDORS } from '../vendors/vendors.ts';
import { AddError } from './add-error.ts';
import { type CredentialOptions, credentialOf, refuseUnfit } from './credential-options.ts';
import { credentialsIn } from './credentials-in.ts';
import { largestBody } from './largest-body.ts';

/** What is typed behind `attache add NAME`. */
export interface WantedOptions extends CredentialOptions {
  /** URL of an API that need not be in the catalogue. */
  readonly target?: string;
  /** In place of the catalogue's host, for another Region. */
  readonly host?: string;
  /** The AWS Region, for an API that has a host in each of them. */
  readonly region?: string;
  /** Name or ARN of the secret. Default `prod/NAME`, or `prod/NAME-key` where AWS might take the first for a part of an ARN. */
  readonly secret?: string;
  /** The integration's name. Default NAME. */
  readonly name?: string;
  /** Who may use it, one rule each. Default everybody who reaches it. */
  readonly caller?: readonly string[];
  /** What may be requested, one rule each. Default everything. */
  readonly allow?: readonly string[];
  /** Headers of a caller that are passed on although they may hold a credential. Default none. */
  readonly keep?: readonly string[];
  /** What of a caller goes no further besides, headers and `query:name`. Default what the catalogue says, but for what is kept. */
  readonly strip?: readonly string[];
  /** Whether what is injected is taken out of responses. Default not. */
  readonly redact?: boolean;
  /** `express` for an integration that Envoy puts the key into itself. Default: it asks Attaché about each attempt. */
  readonly lane?: string;
  /** The largest body that is held back to be signed for AWS, as `8MiB`. Default 4 MiB. */
  readonly maxBody?: string;
  /** How the key is sent, as a block says it, in place of the options that say it. */
  readonly credential?: CredentialBlock;
}

/** What is asked of requests and responses, as it stands in a block; the check of the whole file judges it. */
export interface WantedRules {
  readonly callers: readonly string[];
  readonly allow: readonly string[];
  readonly keep: readonly string[];
  readonly strip: readonly string[];
  readonly redact: boolean;
  readonly lane: Lane;
}

/** An integration that is to be added, each part of it valid. */
export interface Wanted {
  readonly name: string;
  readonly host: string;
  readonly secret: string;
  readonly credential: CredentialBlock;
  readonly rules: WantedRules;
  /** Those of the host, whatever the integration is called. Empty for a host that the catalogue does not have. */
  readonly libraries: readonly Library[];
  /** How it is used, where that is not by curl; `{url}` in it is the integration's own. */
  readonly command: string | undefined;
  readonly documentation: string | undefined;
  readonly note: string | undefined;
  /** A field of the body in which the API takes a credential of the caller. */
  readonly inBody: string | undefined;
  /** The largest body that is held back to be signed, in bytes. */
  readonly largestBody: number;
}

/**
 * What is to be added, out of the catalogue and the options.
 *
 * @throws AddError
 */
export function wanted(entry: string, options: WantedOptions): Wanted {
  const known = options.target === undefined ? VENDORS.get(entry) : undefined;
  if (known === undefined && options.target === undefined) throw unknown(entry);
  const given = options.credential;
  const vendor = placed(entry, known, options.region, (options.awsSigv4 ?? given?.aws_sigv4) !== undefined);
  if (options.target !== undefined && options.host !== undefined)
    throw new AddError('--target names the host already; leave --host out');
  if (given !== undefined) refuseUnfit(given);
  const credential = given ?? credentialOf(options) ?? vendor?.credential;
  if (credential === undefined)
    throw new AddError(
      `nothing says how ${entry} gets its key; add --bearer '{{ api_key }}', --basic 'USER:PASSWORD', --header 'x-api-key={{ api_key }}', --query 'key={{ api_key }}', --path '/bot{{ token }}' or --aws-sigv4 SERVICE`,
      { field: 'send', message: `nothing says how ${entry} gets its key; choose one of the ways` },
    );
  const name = options.name ?? entry;
  const host = options.target === undefined ? (options.host ?? vendor?.host ?? '') : hostOf(options.target);
  const secret = options.secret ?? usualSecret(name);
  const writes = credentialsIn(credential).flatMap((it) => it.writes);
  const strip = (vendor?.strip ?? []).filter((it) => !writes.includes(it));
  // A name is judged as it would stand in the file without quotes, where a word such as "on" is no text.
  const plainName = new Scalar(name);
  plainName.type = 'PLAIN';
  plainName.source = name;
  const faults = { name: nameFault(plainName), host: hostFault(host), secret: secretIdFault(secret) };
  for (const [option, fault] of Object.entries(faults)) {
    if (fault === undefined || isWarning(fault)) continue;
    const message = `${fault.reason}; ${fault.mend}`;
    const field = option === 'host' && options.target !== undefined ? 'target' : option;
    throw new AddError(message, { field, message });
  }
  return {
    name,
    host,
    secret,
    credential,
    rules: {
      callers: options.caller ?? [],
      allow: options.allow ?? [],
      keep: (options.keep ?? []).filter((name) => !strip.includes(name)),
      strip: options.strip ?? strip.filter((name) => !options.keep?.includes(name)),
      redact: options.redact ?? false,
      lane: laneOf(options.lane),
    },
    libraries: vendor?.libraries ?? librariesOf(name, host),
    command: vendor?.command,
    documentation: vendor?.documentation,
    note: vendor?.note,
    inBody: vendor?.inBody,
    largestBody: largestBody(options.maxBody),
  };
}

function laneOf(text: string | undefined): Lane {
  if (text === undefined || text === 'express' || text === 'ext_proc') return text ?? 'ext_proc';
  throw new AddError(`--lane "${text}" is no lane; write --lane express, or leave it out`);
}

/** An API of the catalogue in the Region that is named. */
function placed(
  entry: string,
  vendor: Vendor | undefined,
  region: string | undefined,
  signsForAws: boolean,
): Vendor | undefined {
  const asks = vendor !== undefined && needsRegion(vendor);
  if (vendor === undefined && signsForAws) return undefined;
  if (!asks && region !== undefined)
    throw new AddError(`${entry} is not a service of AWS that has a host in each Region; leave --region out`);
  if (!asks) return vendor;
  if (region === undefined)
    throw new AddError(`${entry} has a host in each Region; add --region eu-west-1 or another`, {
      field: 'region',
      message: `${entry} has a host in each Region; write eu-west-1 or another`,
    });
  if (!isRegion(region)) {
    const message = `"${region}" is no AWS Region; write for example eu-west-1`;
    throw new AddError(`--region ${message}`, { field: 'region', message });
  }
  return inRegion(vendor, region, domainIn(region));
}

/** A name that AWS cannot take for the end of an ARN. */
function usualSecret(name: string): string {
  const usual = `prod/${name}`;
  return secretIdFault(usual) === undefined ? usual : `${usual}-key`;
}

/** What the check of the whole file repeats, with its line. */
function isWarning(fault: object): boolean {
  return 'severity' in fault && fault.severity === 'warning';
}

function unknown(entry: string): AddError {
  const near = closest(entry, VENDORS.keys());
  const message = `the catalogue has no API named "${entry}"`;
  return new AddError(
    `${message}; ${near === undefined ? 'attache add --list shows what it has' : `did you mean ${near}?`} For any other add --target https://HOST`,
    { field: 'api', message: `${message}; choose one of the list, or another API` },
  );
}

function hostOf(target: string): string {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url?.host === undefined || url.host === '') throw unfitTarget(`"${target}" is no URL`);
  if (url.protocol !== 'https:') throw unfitTarget(`"${target}" is not https, and a key goes out only over TLS`);
  if (url.username !== '' || url.password !== '')
    throw unfitTarget('holds a user or a password; put them into the secret and send it as Basic');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw unfitTarget(`"${target}" has more than a host, and the caller chooses the path`);
  return url.host;
}

function unfitTarget(fault: string): AddError {
  const example = 'https://api.example.com';
  return new AddError(`--target ${fault}; write it as --target ${example}`, {
    field: 'target',
    message: `${fault}; write it as ${example}`,
  });
}
