import { parseSecretJson } from '../secrets/secret-json.ts';
import type { SecretVersion } from '../secrets/secret-version.ts';
import type { Template } from './template.ts';

/** Whether `{{ . }}` sends a whole JSON object, with fields that may be meant for others. */
export function sendsWholeJson(templates: readonly Template[], secret: SecretVersion): boolean {
  if (!templates.some(({ references }) => references.includes('.'))) return false;
  const value = parseSecretJson(secret.reveal());
  return typeof value === 'object' && value !== null;
}
