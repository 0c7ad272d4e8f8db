import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { plainEnvironment } from '../../../local/environment.ts';
import { pythonPackage } from '../../../local/python-package.ts';
import type { SigningKeyParts } from '../../../src/signing/signing-key.ts';

/** A request for AWS's Common Runtime to sign for every Region. */
export interface CrtCase {
  readonly service: string;
  readonly likeS3: boolean;
  readonly method: string;
  readonly authority: string;
  /** As on the wire, with the query. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly payload: 'whole' | 'unsigned';
  /** In Base64. */
  readonly body: string;
  readonly key: SigningKeyParts;
  /** The time of the signature, since 1970. */
  readonly seconds: number;
}

/**
 * Signs requests with Version 4A by AWS's own library in C, which is installed from PyPI the first time; all in one process.
 *
 * @returns for each request its headers, names in lower case.
 */
export async function signWithCrt(cases: readonly CrtCase[]): Promise<[string, string][][]> {
  const proof = join('awscrt', '__init__.py');
  const { python } = await pythonPackage({ name: 'awscrt', version: '0.38.1', label: 'awscrt', proof });
  const ran = spawnSync(python, [join(import.meta.dirname, 'awscrt_signer.py')], {
    input: cases.map((one) => JSON.stringify(one)).join('\n'),
    env: plainEnvironment({ PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' }),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  if (ran.status !== 0) throw new Error(`AWS's Common Runtime did not sign: ${ran.stderr || ran.error?.message}`);
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
