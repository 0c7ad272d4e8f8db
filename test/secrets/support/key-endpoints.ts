/**
 * A worker that makes private keys, with a certificate for one of them, and plays the endpoints at which they get tokens: its heap is
 * another one than that of the process whose memory is looked through.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { createAuthority } from '../../../local/certificates.ts';

/** What it says once it is ready. */
export interface KeyEndpoints {
  /** Without TLS, for all but client certificates. */
  readonly plainPort: number;
  /** Asks for a certificate. */
  readonly tlsPort: number;
  /** In PEM: who has issued both certificates, and that of the client. */
  readonly ca: string;
  readonly certificate: string;
  /** PKCS#8 in DER: one for RSA, and that of the certificate. */
  readonly rsa: Uint8Array;
  readonly ec: Uint8Array;
}

const TOKEN = { access_token: 'AT', token_type: 'bearer', expires_in: 3_600 };

const answer: RequestListener = (incoming, outgoing) => {
  const isToken = incoming.url?.endsWith('/access_tokens') === true;
  outgoing.statusCode = isToken ? 201 : 200;
  outgoing.setHeader('content-type', 'application/json');
  const ofGitHub = { id: 1, token: 'ghs_t', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
  outgoing.end(JSON.stringify(incoming.url === '/token' ? TOKEN : ofGitHub));
};

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const authority = await createAuthority();
const [server, client] = await Promise.all([authority.issue(['127.0.0.1']), authority.issue(['client.example.test'])]);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
const tls = { cert: server.certificate, key: server.key, ca: authority.certificate };
const ready: KeyEndpoints = {
  plainPort: await listening(createPlain(answer)),
  tlsPort: await listening(createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, answer)),
  ca: authority.certificate,
  certificate: client.certificate,
  rsa: rsa.export({ type: 'pkcs8', format: 'der' }),
  ec: createPrivateKey(client.key).export({ type: 'pkcs8', format: 'der' }),
};
parentPort?.postMessage(ready);
