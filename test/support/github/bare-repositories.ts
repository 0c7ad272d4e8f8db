import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullName, type Repository } from './registry.ts';

/** What git runs with: nobody's own configuration, and a name for its commits. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** The real repositories behind the names, in a folder that is made for them and goes with them. */
export class BareRepositories implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<BareRepositories> {
    return new BareRepositories(await mkdtemp(join(tmpdir(), 'github-')));
  }

  /** Makes one with a first commit on `main` that holds `files`: path → text. */
  async create(repository: Repository, files: Readonly<Record<string, string>>): Promise<void> {
    const folder = this.#folder(repository);
    await mkdir(folder, { recursive: true });
    await run(['init', '--quiet', '--bare', '--initial-branch=main', folder]);
    await this.git(repository, ['config', 'http.receivepack', 'true']);
    await this.git(repository, ['fast-import', '--quiet'], firstCommit(files));
  }

  /** What git prints when it is run inside the repository: `log`, `rev-parse main`. */
  async git(repository: Repository, args: readonly string[], input?: string): Promise<string> {
    return (await run(['-C', this.#folder(repository), ...args], input)).toString().trim();
  }

  /** A file as it is on `main`; undefined when there is none. */
  read(repository: Repository, path: string): Promise<Buffer | undefined> {
    return run(['-C', this.#folder(repository), 'cat-file', 'blob', `main:${path}`]).catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    // Retried: a git that was just ended may still write.
    return rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  #folder(repository: Repository): string {
    return join(this.root, `${fullName(repository)}.git`);
  }
}

function firstCommit(files: Readonly<Record<string, string>>): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const changes = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`);
  return `commit refs/heads/main\ncommitter Test <test@example.com> 1700000000 +0000\n${data('First')}${changes.join('')}`;
}

function run(args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { env: gitEnvironment });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new Error(`git ${args.join(' ')} ended with ${code}: ${Buffer.concat(errors)}`));
    });
    // A git that needs no input may have ended already.
    child.stdin.on('error', () => undefined).end(input);
  });
}
