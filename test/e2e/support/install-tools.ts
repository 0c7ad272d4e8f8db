import { findEnvoy, findMinistack } from '../../../local/tools.ts';

/** Installs Envoy and ministack once, before the test files start and each would do it for itself. */
export default async function installTools(): Promise<void> {
  const progress = (line: string) => console.log(line);
  await Promise.all([findEnvoy({ progress }), findMinistack(progress)]);
}
