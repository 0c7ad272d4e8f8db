import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createAuthority, openAuthority } from './authority.ts';
import { CertsError } from './certs-error.ts';
import { concernsOf, holds, isOver, lastDay } from './concerns.ts';
import type { CertsFolder } from './folder.ts';
import { completePair, type PairFiles, pairFiles, type StoredPair, writeCertificate } from './pair-files.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** Ten years: whoever is given ca.pem is not given another soon. */
const CA_DAYS = 3650;

/** Says what was made and what was kept, a line each. */
export type Say = (line: string) => void;

/**
 * The folder's CA, made where it is missing.
 *
 * @throws CertsError when its time is over, or its key cannot be used.
 */
export async function completeAuthority({ ca }: CertsFolder, say: Say): Promise<Authority> {
  const stored = await completePair(ca, async (key) => {
    const made = await usingKey(ca, () => createAuthority({ commonName: 'Attaché CA', days: CA_DAYS, key }));
    return made.pair;
  });
  const { certificate } = stored;
  tell(say, stored, `the CA, until ${lastDay(certificate)}`);
  if (isOver(certificate)) {
    throw new CertsError(
      `${ca.certificate} has ended; remove it and type this again: its key stays. Then give the new one to everybody who has the old one`,
    );
  }
  return usingKey(ca, () => openAuthority({ certificate, key: readFileSync(ca.key, 'utf8') }));
}

/** The callers' CAs, in a file apart from ca.pem: callers may have certificates of other CAs too. */
export function completeCallers({ callers, ca }: CertsFolder, { pair }: Authority, say: Say): void {
  const isNew = !existsSync(callers);
  if (isNew) writeCertificate(callers, pair.certificate);
  say(`${isNew ? 'made' : 'kept'} ${callers}: whose certificates Envoy accepts from callers`);
  if (
    !certificatesIn(callers).some((it) => it.fingerprint256 === new X509Certificate(pair.certificate).fingerprint256)
  ) {
    say(`  but it does not hold ${ca.certificate}, so Envoy refuses the callers made here; append it`);
  }
}

/**
 * The server's certificate.
 *
 * @throws CertsError when it has no key, or the key cannot be used.
 */
export async function completeServer(
  { server }: CertsFolder,
  authority: Authority,
  { names, days, say }: { readonly names: readonly string[]; readonly days: number; readonly say: Say },
): Promise<void> {
  const stored = await completePair(server, (key) =>
    usingKey(server, () => authority.issue({ commonName: 'Attaché server', names, usages: ['server'], days, key })),
  );
  const what = `the server, until ${lastDay(stored.certificate)}`;
  tell(say, stored, stored.made.length > 0 ? `${what}; ${names.join(', ')}` : what);
  tellConcerns(say, stored, authority, names);
}

/**
 * A client's certificate, whose one URI is its SPIFFE ID.
 *
 * @throws CertsError when it has no key, the key cannot be used, or the file is another client's.
 */
export async function completeClient(
  { clients }: CertsFolder,
  authority: Authority,
  { id, days, say }: { readonly id: SpiffeId; readonly days: number; readonly say: Say },
): Promise<PairFiles> {
  mkdirSync(clients, { recursive: true, mode: 0o700 });
  const { uri, fileName } = id;
  const files = pairFiles(join(clients, fileName));
  const stored = await completePair(files, (key) =>
    usingKey(files, () =>
      authority.issue({ commonName: 'Attaché client', names: [uri], usages: ['client'], days, key }),
    ),
  );
  if (!holds(new X509Certificate(stored.certificate), uri)) {
    throw new CertsError(
      `${files.certificate} is that of another client than ${uri}; rename it and its key, and type this again`,
    );
  }
  tell(say, stored, `${uri}, until ${lastDay(stored.certificate)}`);
  tellConcerns(say, stored, authority, [uri]);
  return files;
}

/** Names the file when its key is of no use. What OpenSSL says about it is left out: it names neither file nor mend. */
async function usingKey<T>({ certificate, key }: PairFiles, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    throw new CertsError(
      `${key} cannot be used: it is encrypted, no private key in PEM on the curve P-256, or not that of ${certificate}; put the right one back, or move both away`,
      { cause },
    );
  }
}

function certificatesIn(file: string): X509Certificate[] {
  const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => new X509Certificate(block));
}

function tell(say: Say, { files, made }: StoredPair, what: string): void {
  const [verb, which] = made.length > 0 ? ['made', made] : ['kept', [files.certificate, files.key]];
  say(`${verb} ${which.join(' and ')}: ${what}`);
}

function tellConcerns(
  say: Say,
  { files, certificate }: StoredPair,
  { pair }: Authority,
  names: readonly string[],
): void {
  for (const concern of concernsOf(certificate, { ca: pair.certificate, names })) {
    say(`  but ${concern}; remove ${files.certificate} and type this again to have a new one for the same key`);
  }
}
