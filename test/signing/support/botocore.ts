import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { plainEnvironment } from '../../../local/environment.ts';
import { findMinistack } from '../../../local/tools.ts';
import type { SigningKeyParts } from '../../../src/signing/signing-key.ts';

/** A request for botocore to sign. */
export interface BotocoreCase {
  readonly service: string;
  readonly region: string;
  readonly likeS3: boolean;
  readonly method: string;
  readonly authority: string;
  /** For services like S3 the path without escapes, for others as on the wire. */
  readonly path: string;
  /** Names and values without escapes. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly payload: 'whole' | 'unsigned' | 'trailer';
  /** In Base64. */
  readonly body: string;
  readonly key: SigningKeyParts;
  /** The time of the signature, since 1970. */
  readonly seconds: number;
}

/**
 * Signs requests with botocore, the independent signer that is installed with the local AWS, all in one process.
 *
 * @returns for each request the headers that botocore set.
 */
export async function signWithBotocore(cases: readonly BotocoreCase[]): Promise<[string, string][][]> {
  const { command } = await findMinistack();
  const ran = spawnSync(command, [join(import.meta.dirname, 'botocore_signer.py')], {
    input: cases.map((one) => JSON.stringify(one)).join('\n'),
    env: plainEnvironment({ PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' }),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  if (ran.status !== 0) throw new Error(`botocore did not sign: ${ran.stderr || ran.error?.message}`);
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
