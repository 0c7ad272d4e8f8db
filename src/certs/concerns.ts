import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

const dayMs = 24 * 60 * 60 * 1000;

/** From here on a certificate is said to end soon. */
const SOON_DAYS = 30;

/** What a certificate that was kept does not do, a reason each; the sentence begins with the certificate. */
export function concernsOf(
  certificate: string,
  wanted: {
    /** The CA's own certificate, PEM. */
    readonly ca: string;
    /** DNS names, IP addresses and URIs. */
    readonly names: readonly string[];
  },
): string[] {
  const x509 = new X509Certificate(certificate);
  const ca = new X509Certificate(wanted.ca);
  const missing = wanted.names.filter((name) => !holds(x509, name));
  return [
    ...(x509.checkIssued(ca) && x509.verify(ca.publicKey) ? [] : ['another CA issued it']),
    ...(missing.length === 0 ? [] : [`it does not name ${missing.join(', ')}`]),
    ...ending(x509),
  ];
}

/** The last day, such as `2036-03-01`. */
export function lastDay(certificate: string): string {
  return new X509Certificate(certificate).validToDate.toISOString().slice(0, 10);
}

/** Whether a certificate's time is over. */
export function isOver(certificate: string): boolean {
  return new X509Certificate(certificate).validToDate.getTime() <= Date.now();
}

/** Whether a subject alternative name says exactly this: a wildcard in the certificate covers only itself. */
export function holds(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  const kind = name.includes('://') ? 'URI' : 'DNS';
  return certificate.subjectAltName?.split(', ').includes(`${kind}:${name}`) ?? false;
}

function ending(certificate: X509Certificate): string[] {
  const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / dayMs);
  if (days >= SOON_DAYS) return [];
  return [days < 0 ? 'it has ended' : `it ends in ${days} days`];
}
