import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority as createCa, type KeyPair } from '../src/certs/authority.ts';

export type { KeyPair };

const DAYS = 30;

/** A certificate authority that lives as long as this process; its key is never written anywhere. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /**
   * Issues a certificate good for servers and clients, valid for 30 days.
   *
   * @param names its subject alternative names: DNS names, IP addresses or URIs
   * @throws Error when there is no name
   */
  issue(names: readonly string[]): Promise<KeyPair>;
}

/** Creates a certificate authority with a fresh key. */
export async function createAuthority(commonName = 'Attaché local CA'): Promise<Authority> {
  const { pair, issue } = await createCa({ commonName, days: DAYS });
  return {
    certificate: pair.certificate,
    issue: (names) => issue({ commonName: 'Attaché local', names, usages: ['server', 'client'], days: DAYS }),
  };
}

/** A server's certificate on disk and the CA that its clients trust. */
export interface CertificateFiles {
  readonly caFile: string;
  readonly server: KeyPair;
}

/**
 * Reads `ca.pem`, `server.pem` and `server.key` from a folder; when they are not there, makes them under a new CA.
 *
 * @param names the new certificate's subject alternative names
 * @throws Error when the folder cannot be read or written
 */
export async function certificatesIn(folder: string, names: readonly string[]): Promise<CertificateFiles> {
  const caFile = join(folder, 'ca.pem');
  const certificateFile = join(folder, 'server.pem');
  const keyFile = join(folder, 'server.key');
  if (!(existsSync(caFile) && existsSync(certificateFile) && existsSync(keyFile))) {
    const authority = await createAuthority();
    const made = await authority.issue(names);
    await mkdir(folder, { recursive: true });
    await writeFile(keyFile, made.key, { mode: 0o600 });
    await writeFile(certificateFile, made.certificate);
    await writeFile(caFile, authority.certificate);
  }
  return {
    caFile,
    server: { certificate: await readFile(certificateFile, 'utf8'), key: await readFile(keyFile, 'utf8') },
  };
}
