import { existsSync, readFileSync } from 'node:fs';
import type { KeyPair } from './authority.ts';
import { CertsError } from './certs-error.ts';
import { writeOnce } from './write-once.ts';

const READABLE_BY_ALL = 0o644;
const READABLE_BY_OWNER = 0o600;

/** Where a certificate and its key stand. */
export interface PairFiles {
  readonly certificate: string;
  readonly key: string;
}

/** `NAME.pem` and `NAME.key`. */
export function pairFiles(path: string): PairFiles {
  return { certificate: `${path}.pem`, key: `${path}.key` };
}

/** A certificate on disk. */
export interface StoredPair {
  readonly files: PairFiles;
  readonly certificate: string;
  /** What was written just now; nothing when both files were there. */
  readonly made: readonly string[];
}

/**
 * Writes what is missing of a certificate and its key, and leaves what is there. A key without a certificate keeps its
 * place: it gets a new certificate, which is how one is renewed.
 *
 * @param make is given the key that is there.
 * @throws CertsError when there is a certificate without a key.
 */
export async function completePair(
  files: PairFiles,
  make: (key: string | undefined) => Promise<KeyPair>,
): Promise<StoredPair> {
  const hasKey = existsSync(files.key);
  if (existsSync(files.certificate)) {
    if (!hasKey) {
      throw new CertsError(
        `${files.certificate} is there, but its key ${files.key} is not; put the key back, or remove ${files.certificate} to have both made anew`,
      );
    }
    return { files, certificate: readFileSync(files.certificate, 'utf8'), made: [] };
  }
  const { certificate, key } = await make(hasKey ? readFileSync(files.key, 'utf8') : undefined);
  // The key first: a run that ends in between leaves a state that the next one completes.
  if (!hasKey) writeOnce(files.key, key, READABLE_BY_OWNER);
  writeCertificate(files.certificate, certificate);
  return { files, certificate, made: hasKey ? [files.certificate] : [files.certificate, files.key] };
}

/** A certificate is no secret: whoever can reach the folder may read it. */
export function writeCertificate(file: string, text: string): void {
  writeOnce(file, text, READABLE_BY_ALL);
}
