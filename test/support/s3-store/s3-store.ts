import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from '../../../local/certificates.ts';
import { plainEnvironment } from '../../../local/environment.ts';
import { runProgram, startProgram } from '../../../local/process.ts';
import type { SigningKeyParts } from '../../../src/signing/signing-key.ts';

/** What the store is to be. */
export interface S3StoreOptions {
  /** Of 127.0.0.1, known beforehand because a route names it. */
  readonly port: number;
  readonly certificate: KeyPair;
  /** The one key that it knows. */
  readonly key: SigningKeyParts;
  /** The Region for which it wants signatures. */
  readonly region: string;
}

/**
 * Starts versitygw, a store that speaks as S3 does and checks every signature, over TLS. It is built the first time, which takes Go
 * and some minutes.
 *
 * @throws Error that says what fails, with the last lines
 */
export async function startS3Store({ port, certificate, key, region }: S3StoreOptions): Promise<AsyncDisposable> {
  const tools = join(import.meta.dirname, '..', '..', '..', '.local', 'versitygw-1.8.0');
  const binary = join(tools, 's3-store');
  await mkdir(tools, { recursive: true });
  // The whole environment: Go's settings (GOPROXY, GOCACHE) decide where it may get modules from.
  const building = { cwd: import.meta.dirname, env: process.env };
  await runProgram({ name: 'go build', command: 'go', args: ['build', '-o', binary, '.'], ...building });

  const folder = await mkdtemp(join(tmpdir(), 'attache-s3-'));
  const [objects, attributes] = [join(folder, 'objects'), join(folder, 'attributes')];
  const [certificateFile, keyFile] = [join(folder, 'store.pem'), join(folder, 'store.key')];
  await Promise.all([
    mkdir(objects),
    mkdir(attributes),
    writeFile(certificateFile, certificate.certificate),
    writeFile(keyFile, certificate.key),
  ]);
  const program = await startProgram({
    name: 'versitygw',
    command: binary,
    args: [],
    env: plainEnvironment({
      OBJECTS: objects,
      ATTRIBUTES: attributes,
      ACCESS_KEY_ID: key.accessKeyId,
      SECRET_ACCESS_KEY: key.secretAccessKey,
      REGION: region,
      LISTEN: `127.0.0.1:${port}`,
      CERTIFICATE: certificateFile,
      PRIVATE_KEY: keyFile,
    }),
  });
  await program.until(() => answers(port), { failure: 'versitygw did not listen', timeoutMs: 60_000 });
  return {
    [Symbol.asyncDispose]: async () => {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
