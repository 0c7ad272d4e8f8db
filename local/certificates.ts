import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

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
  cryptoProvider.set(webcrypto);
  const keys = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    certificate: root.toString('pem'),
    issue: async (names) => {
      const [first] = names;
      if (first === undefined) {
        throw new Error('a certificate needs at least one name');
      }
      const own = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        subject: 'CN=Attaché local',
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          new SubjectAlternativeNameExtension(names.map(generalName)),
        ],
      });
      const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return { certificate: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') };
    },
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

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function validity() {
  return {
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    // A day back: containers' clocks may differ a little.
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 30 * dayMs),
  };
}

function generalName(name: string): JsonGeneralName {
  if (name.includes('://')) {
    return { type: 'url', value: name };
  }
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}
