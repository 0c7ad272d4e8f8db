const harmless = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ', 'NODE_COMPILE_CACHE'];

/**
 * The environment for a program of the local stack: what any program needs, and `extra`. Nothing else of this process's
 * comes along, so that neither the user's AWS settings nor a test runner's variables reach it.
 */
export function plainEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of harmless) {
    const value = process.env[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return { ...environment, ...extra };
}
