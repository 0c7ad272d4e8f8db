import { Scalar } from 'yaml';
import { closest } from '../integrations/closest.ts';
import { hostFault } from '../integrations/host.ts';
import { nameFault } from '../integrations/integration-name.ts';
import { secretIdFault } from '../integrations/secret-id.ts';
import type { CredentialBlock, Sdk } from '../vendors/vendor.ts';
import { VENDORS } from '../vendors/vendors.ts';
import { AddError } from './add-error.ts';
import { type CredentialOptions, credentialOf } from './credential-options.ts';

/** What is typed behind `attache add NAME`. */
export interface WantedOptions extends CredentialOptions {
  /** URL of an API that need not be in the catalogue. */
  readonly target?: string;
  /** In place of the catalogue's host, for another Region. */
  readonly host?: string;
  /** Name or ARN of the secret. Default `prod/NAME`. */
  readonly secret?: string;
  /** The integration's name. Default NAME. */
  readonly name?: string;
}

/** An integration that is to be added, each part of it valid. */
export interface Wanted {
  readonly name: string;
  readonly host: string;
  readonly secret: string;
  readonly credential: CredentialBlock;
  readonly sdk: Sdk | undefined;
  readonly documentation: string | undefined;
  readonly note: string | undefined;
}

/**
 * What is to be added, out of the catalogue and the options.
 *
 * @throws AddError
 */
export function wanted(entry: string, options: WantedOptions): Wanted {
  const vendor = options.target === undefined ? VENDORS.get(entry) : undefined;
  if (vendor === undefined && options.target === undefined) throw unknown(entry);
  if (options.target !== undefined && options.host !== undefined)
    throw new AddError('--target names the host already; leave --host out');
  const credential = credentialOf(options) ?? vendor?.credential;
  if (credential === undefined)
    throw new AddError(
      `nothing says how ${entry} gets its key; add --bearer '{{ api_key }}', --basic 'USER:PASSWORD' or --header 'x-api-key={{ api_key }}'`,
    );
  const name = options.name ?? entry;
  const host = options.target === undefined ? (options.host ?? vendor?.host ?? '') : hostOf(options.target);
  const secret = options.secret ?? `prod/${name}`;
  // A name is judged as it would stand in the file without quotes, where a word such as "on" is no text.
  const plainName = new Scalar(name);
  plainName.type = 'PLAIN';
  plainName.source = name;
  for (const fault of [nameFault(plainName), hostFault(host), secretIdFault(secret)]) {
    if (fault !== undefined && !isWarning(fault)) throw new AddError(`${fault.reason}; ${fault.mend}`);
  }
  return {
    name,
    host,
    secret,
    credential,
    sdk: vendor?.sdk,
    documentation: vendor?.documentation,
    note: vendor?.note,
  };
}

/** What the check of the whole file repeats, with its line. */
function isWarning(fault: object): boolean {
  return 'severity' in fault && fault.severity === 'warning';
}

function unknown(entry: string): AddError {
  const near = closest(entry, VENDORS.keys());
  return new AddError(
    `the catalogue has no API named "${entry}"; ${near === undefined ? 'attache add --list shows what it has' : `did you mean ${near}?`} For any other add --target https://HOST`,
  );
}

function hostOf(target: string): string {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const example = 'write it as --target https://api.example.com';
  if (url?.host === undefined || url.host === '') throw new AddError(`--target "${target}" is no URL; ${example}`);
  if (url.protocol !== 'https:')
    throw new AddError(`--target "${target}" is not https, and a key goes out only over TLS; ${example}`);
  if (url.username !== '' || url.password !== '')
    throw new AddError(`--target holds a user or a password; put them into the secret and use --basic; ${example}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new AddError(`--target "${target}" has more than a host, and the caller chooses the path; ${example}`);
  return url.host;
}
