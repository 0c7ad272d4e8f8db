/**
 * The letters and digits of a name, in lower case: what is left of it for a server that takes every separator for the same one, or
 * for none, and does not look at case. `x-api-key`, `X_Api_Key` and `xApi.Key` are the same.
 */
export function lettersOf(name: string): string {
  if (/^[a-z0-9]*$/.test(name)) return name;
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
