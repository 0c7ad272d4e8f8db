import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate as StoredCertificate,
  webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  /** PKCS#8. */
  readonly key: string;
}

/** What a certificate is to say. */
export interface CertificateRequest {
  /** The subject's common name. Nobody is recognised by it. */
  readonly commonName: string;
  /** Subject alternative names, at least one: DNS names, IP addresses or URIs. */
  readonly names: readonly string[];
  /** What its holder may be in a TLS handshake. */
  readonly usages: readonly ('server' | 'client')[];
  /** How long it is valid from now; never longer than the CA. */
  readonly days: number;
  /** The holder's private key, PEM. Default: a fresh one on P-256. */
  readonly key?: string | undefined;
}

/** A certificate authority: a self-signed certificate, and what it signs. */
export interface Authority {
  readonly pair: KeyPair;
  /**
   * Issues a certificate. It has a random serial number of 128 bits, and begins a day ago: clocks may differ a little.
   *
   * @throws Error when there is no name, or the key is no private key.
   */
  issue(request: CertificateRequest): Promise<KeyPair>;
}

/**
 * Makes an authority that signs certificates of servers and clients, and of no further authority.
 *
 * @param options.commonName the beginning of its name; a few digits of its key's digest follow, so that no two have one.
 * @param options.key its private key, PEM, on P-256. Default: a fresh one.
 * @throws Error when the key is no such key.
 */
export async function createAuthority(options: {
  readonly commonName: string;
  readonly days: number;
  readonly key?: string | undefined;
}): Promise<Authority> {
  const key = options.key ?? newKey();
  const publicKey = publicKeyOf(key);
  const digest = createHash('sha256').update(Buffer.from(publicKey.rawData)).digest('hex').slice(0, 8);
  const name = `CN=${options.commonName} ${digest}`;
  const certificate = await X509CertificateGenerator.create({
    subject: name,
    issuer: name,
    publicKey,
    signingKey: await signingKey(key),
    signingAlgorithm: algorithm,
    ...validity(options.days),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return openAuthority({ certificate: certificate.toString('pem'), key });
}

/**
 * An authority that exists.
 *
 * @throws Error when the certificate cannot be read, the key is none on P-256, or they do not belong together.
 */
export async function openAuthority(pair: KeyPair): Promise<Authority> {
  const root = new X509Certificate(pair.certificate);
  const signing = await signingKey(pair.key);
  if (!new StoredCertificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key))) {
    throw new Error('the key is not that of the certificate');
  }
  return {
    pair,
    issue: async ({ commonName, names, usages, days, key = newKey() }) => {
      if (names.length === 0) throw new Error('a certificate needs at least one name');
      const publicKey = publicKeyOf(key);
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: root.subjectName,
        publicKey,
        signingKey: signing,
        signingAlgorithm: algorithm,
        ...validity(days, root.notAfter),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension(usages.map((usage) => ExtendedKeyUsage[`${usage}Auth`])),
          new SubjectAlternativeNameExtension(names.map(generalName)),
          await SubjectKeyIdentifierExtension.create(publicKey),
          await AuthorityKeyIdentifierExtension.create(root.publicKey),
        ],
      });
      return { certificate: certificate.toString('pem'), key };
    },
  };
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('the key is none on P-256');
  return webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign']);
}

function publicKeyOf(pem: string): PublicKey {
  const key = createPublicKey(pem);
  return new PublicKey(key.export({ type: 'spki', format: 'der' }));
}

function validity(days: number, latest = new Date(8.64e15)) {
  const now = Date.now();
  return {
    // Positive and of the same length always: DER writes serial numbers with a sign.
    serialNumber: `01${randomBytes(16).toString('hex')}`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(Math.min(now + days * dayMs, latest.getTime())),
  };
}

function generalName(name: string): JsonGeneralName {
  if (name.includes('://')) return { type: 'url', value: name };
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}
