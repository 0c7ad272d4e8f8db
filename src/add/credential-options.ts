import { KINDS } from '../credentials/kinds.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import { AddError } from './add-error.ts';

/** The options that say how the key is sent. */
export interface CredentialOptions {
  /** The token, as `{{ api_key }}`. */
  readonly bearer?: string;
  /** `USER:PASSWORD`; either may be empty, and without a colon it is the user. */
  readonly basic?: string;
  /** `name=value`, once for each header. */
  readonly header?: readonly string[];
  /** `name=value`, once for each parameter of the query. */
  readonly query?: readonly string[];
  /** What is put before the path, as `/bot{{ token }}`. */
  readonly path?: string;
  /** The service for which AWS signs, `sns` or `sns:eu-west-1`. */
  readonly awsSigv4?: string;
  /** Its Region, where the service does not name it. */
  readonly region?: string;
}

/**
 * The block that these options stand for; undefined when there is none of them.
 *
 * @throws AddError when one of them cannot be used.
 */
export function credentialOf({
  bearer,
  basic,
  header,
  query,
  path,
  awsSigv4,
  region,
}: CredentialOptions): CredentialBlock | undefined {
  const block: CredentialBlock = {
    ...(bearer === undefined ? {} : { bearer }),
    ...(basic === undefined ? {} : { basic: userAndPassword(basic) }),
    ...(header === undefined || header.length === 0 ? {} : { headers: headersOf(header) }),
    ...(query === undefined || query.length === 0 ? {} : { query: parametersOf(query) }),
    ...(path === undefined ? {} : { path }),
    ...(awsSigv4 === undefined ? {} : { aws_sigv4: scopeOf(awsSigv4, region) }),
  };
  refuseUnfit(block);
  return Object.keys(block).length === 0 ? undefined : block;
}

/** @throws AddError when one of the kinds of credential cannot be used as it is written. */
export function refuseUnfit(block: CredentialBlock): void {
  for (const [key, value] of Object.entries(block)) {
    const issue = KINDS.find((kind) => kind.key === key)?.schema.safeParse(value).error?.issues[0];
    if (issue === undefined) continue;
    const inner = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
    const mend: unknown = inner.code === 'custom' ? inner.params?.mend : undefined;
    const option = key === 'headers' ? '--header' : `--${key.replace('_', '-')}`;
    const said = [[...issue.path, inner.message].join(' '), ...(typeof mend === 'string' ? [mend] : [])].join('; ');
    throw new AddError(`${option} ${said}`, { field: key, message: said });
  }
}

/** A colon inside of a reference, as a JSON pointer may have, parts nothing. */
function userAndPassword(text: string): { username?: string; password?: string } {
  const [, username = '', password = ''] = /^((?:\{\{.*?\}\}|[^:])*)(?::(.*))?$/s.exec(text) ?? [];
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** @param region what `--region` says. */
function scopeOf(text: string, region: string | undefined): NonNullable<CredentialBlock['aws_sigv4']> {
  const [, service = '', named] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (named !== undefined && region !== undefined && named !== region)
    throw new AddError(`--aws-sigv4 names ${named} and --region names ${region}; keep one of them`);
  const found = named ?? region;
  if (found === undefined)
    throw new AddError(`--aws-sigv4 ${service} names no Region; write --aws-sigv4 ${service}:eu-west-1 or another`);
  return { service, region: found, ...(service === 's3' ? { payload: 'unsigned' } : {}) };
}

function headersOf(options: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const option of options) {
    const [, name, value] = /^([^=:\s]+)\s*[=:]\s*(.*)$/s.exec(option) ?? [];
    if (name === undefined || value === undefined)
      throw new AddError("--header has no name and value; write --header 'x-api-key={{ api_key }}'");
    if (Object.hasOwn(headers, name.toLowerCase()))
      throw new AddError(`--header names ${name.toLowerCase()} twice; keep one of them`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function parametersOf(options: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const option of options) {
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/s.exec(option) ?? [];
    if (name === undefined || value === undefined)
      throw new AddError("--query has no name and value; write --query 'key={{ api_key }}'");
    if (Object.hasOwn(parameters, name)) throw new AddError(`--query names ${name} twice; keep one of them`);
    parameters[name] = value;
  }
  return parameters;
}
