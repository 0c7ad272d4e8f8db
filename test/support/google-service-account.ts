import { hash, randomUUID } from 'node:crypto';
import { exportPKCS8, exportSPKI, generateKeyPair } from 'jose';

/** The content of a service account's JSON key file, as Google's console gives it out. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  /** PKCS#8 PEM. */
  readonly private_key: string;
  readonly client_email: string;
  /** The account's number, which is also `sub` of its ID tokens. */
  readonly client_id: string;
  readonly token_uri: string;
}

/** A key file, and the public half that Google keeps. */
export interface MadeKey {
  readonly file: ServiceAccountKey;
  /** SPKI PEM. */
  readonly publicKey: string;
}

/** Makes a key of 2048 bits for a service account of the given name. */
export async function makeServiceAccountKey(name: string, tokenUri: string): Promise<MadeKey> {
  const keys = await generateKeyPair('RS256', { extractable: true });
  const file: ServiceAccountKey = {
    type: 'service_account',
    project_id: 'attache-test',
    private_key_id: randomUUID().replaceAll('-', ''),
    private_key: await exportPKCS8(keys.privateKey),
    client_email: `${name}@attache-test.iam.gserviceaccount.com`,
    client_id: numberOf(name),
    token_uri: tokenUri,
  };
  return { file, publicKey: await exportSPKI(keys.publicKey) };
}

/** 21 digits, the same for every key of an account. */
function numberOf(name: string): string {
  return `1${BigInt(`0x${hash('sha256', name)}`)
    .toString()
    .slice(0, 20)}`;
}
