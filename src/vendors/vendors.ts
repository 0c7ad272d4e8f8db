import { aws } from './aws.ts';
import { business } from './business.ts';
import { content } from './content.ts';
import { google } from './google.ts';
import { infrastructure } from './infrastructure.ts';
import type { Library } from './library.ts';
import { models } from './models.ts';
import type { CredentialBlock, Vendor } from './vendor.ts';

/** Every API that `attache add NAME` knows, by name. */
export const VENDORS: ReadonlyMap<string, Vendor> = new Map(
  [...models, ...business, ...infrastructure, ...content, ...google, ...aws]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((vendor) => [vendor.name, vendor]),
);

/** The first entry of each host. */
const BY_HOST: ReadonlyMap<string, Vendor> = new Map(
  [...VENDORS.values()].reverse().map((vendor) => [vendor.host, vendor]),
);

/** What is sent in place of the secret, for the kinds that get or make something with it. */
const MADE = {
  github_app: 'token of a GitHub App',
  oauth2: 'OAuth token',
  google_service_account: 'token of Google',
  aws_sigv4: 'signature of AWS',
} as const satisfies Partial<Record<keyof CredentialBlock, string>>;

/** How a vendor's key is sent, in a few words: the header, and what stands before the key. */
export function wayOfSending({ credential }: Vendor): string {
  const { bearer, basic, headers, query, path } = credential;
  return [
    ...(bearer === undefined ? [] : ['Bearer']),
    ...(basic === undefined ? [] : ['Basic']),
    ...Object.entries(MADE).flatMap(([kind, words]) => (kind in credential ? [words] : [])),
    ...Object.entries(headers ?? {}).map(([name, template]) => {
      const scheme = template.slice(0, template.indexOf('{{')).trim();
      return scheme === '' ? name : `${name}: ${scheme}`;
    }),
    ...Object.keys(query ?? {}).map((name) => `?${name}=`),
    ...(path === undefined ? [] : [path.replace(/\{\{.*?\}\}/g, '…')]),
  ].join(', ');
}

/** The client libraries of an integration: of the entry with its name, if that has the same host, else of any with it. */
export function librariesOf(name: string, host: string): readonly Library[] {
  const named = VENDORS.get(name);
  const regional = BY_HOST.has(host) ? host : host.replace(/\.[a-z]{2}(?:-[a-z]+)+-\d\./, '.{region}.');
  return (named?.host === regional ? named : BY_HOST.get(regional))?.libraries ?? [];
}
