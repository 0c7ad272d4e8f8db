import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment } from '../../../local/environment.ts';
import { type Program, runProgram, startProgram } from '../../../local/process.ts';
import { pythonPackage } from '../../../local/python-package.ts';

/** The client that both servers know. */
export const CLIENT = { client_id: 'my-client', client_secret: 'foobar' } as const;

/** The person that both servers know. */
export const PERSON = { username: 'peter', password: 'secret' } as const;

/** An authorization server that others wrote, with rotation and reuse detection of refresh tokens. */
export interface ForeignServer extends AsyncDisposable {
  readonly tokenUrl: string;
  /** The private key, PKCS#8 in PEM, of the assertions that it takes of {@link CLIENT} for {@link PERSON}; its id is `k1`. */
  readonly assertionKey: string;
}

const HERE = import.meta.dirname;

/** Authlib, in Python. It is installed from PyPI the first time. */
export async function startAuthlib(): Promise<ForeignServer> {
  const proof = join('authlib', '__init__.py');
  const { python } = await pythonPackage({ name: 'authlib', version: '1.9.6', label: 'Authlib', proof });
  return start('Authlib', python, [join(HERE, 'authlib', 'server.py')]);
}

/** ory/fosite, in Go. It is built the first time, which takes Go and some minutes. */
export async function startFosite(): Promise<ForeignServer> {
  const folder = join(HERE, '..', '..', '..', '.local', 'fosite-0.49.0');
  const binary = join(folder, 'server');
  await mkdir(folder, { recursive: true });
  await runProgram({
    name: 'go build',
    command: 'go',
    args: ['build', '-o', binary, '.'],
    cwd: join(HERE, 'fosite'),
    // The whole environment: Go's settings (GOPROXY, GOCACHE) decide where it may get modules from.
    env: process.env,
  });
  return start('fosite', binary, []);
}

async function start(name: string, command: string, args: readonly string[]): Promise<ForeignServer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const folder = await mkdtemp(join(tmpdir(), 'attache-foreign-'));
  const keyFile = join(folder, 'assertions.pem');
  await writeFile(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const program: Program = await startProgram({ name, command, args: [...args, keyFile], env: plainEnvironment() });
  const tokenUrl = await program.until(async () => program.stdout.entries.find((line) => line.startsWith('http')), {
    failure: `${name} did not listen`,
    timeoutMs: 60_000,
  });
  return {
    tokenUrl,
    assertionKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    [Symbol.asyncDispose]: async () => {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
