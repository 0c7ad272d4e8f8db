import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../../../local/certificates.ts';
import { Journal } from '../../../local/journal.ts';
import { type Answer, send } from './answer.ts';
import { answerApp } from './app-endpoints.ts';
import { BareRepositories } from './bare-repositories.ts';
import { bodyOf, type Call, callOf, type Incoming, type Outgoing } from './call.ts';
import { cut, type Fault } from './fault.ts';
import { gitAccess } from './git-access.ts';
import { answerByBackend } from './git-backend.ts';
import { answerGraphql } from './graphql-endpoint.ts';
import { listenPlainly, listenSecurely } from './listeners.ts';
import { Refusal } from './refusal.ts';
import { fullName, Registry, type Repository } from './registry.ts';
import { answerRest } from './rest-endpoints.ts';
import { now, type Settings, type State } from './state.ts';
import { type Mint, Tokens } from './tokens.ts';

/** A call and what became of it. */
export interface SeenCall extends Call {
  /** The token it showed, when it was minted here, good or not. */
  readonly mint: Mint | undefined;
  /** What it was answered with; 0 when it was not. */
  readonly status: number;
  /** Why it was refused; undefined when it was not. */
  readonly refused: string | undefined;
}

export interface GitHubOptions {
  /** Its certificate, valid for the hosts by which it is reached. */
  readonly certificate: KeyPair;
  /** Where it listens with TLS; 0 (the default) lets the operating system choose. */
  readonly port?: number;
}

/**
 * GitHub, played by this process: apps and their installation tokens, a little of REST and GraphQL, and git repositories that
 * can be cloned and pushed to. The host decides what it is: `api.github.com`, `github.com`, and any other name, `127.0.0.1`
 * among them, a GitHub Enterprise Server with REST below `/api/v3`.
 */
export interface GitHub extends AsyncDisposable, Pick<State, 'registry' | 'tokens' | 'settings' | 'mints' | 'jwts'> {
  /** The port with TLS. */
  readonly port: number;
  /** The port without; it plays the same. */
  readonly plainPort: number;
  /** Every call in the order of the answers, whatever these were. */
  readonly calls: Journal<SeenCall>;
  /** Makes a repository, named `owner/name`, with a first commit on `main` that holds `files`, a README unless given. */
  createRepository(name: string, files?: Readonly<Record<string, string>>): Promise<Repository>;
  /** What git prints when it is run inside the repository itself, past all checks. */
  git(repository: Repository, ...args: string[]): Promise<string>;
  /** From now on `fault` decides about each call before it is looked at; undefined ends that. */
  disturb(fault: ((call: Call) => Fault | undefined) | undefined): void;
  /** Closes it and every connection, and removes the repositories. */
  stop(): Promise<void>;
}

/**
 * Starts one on loopback that knows no app, no installation and no repository.
 *
 * @throws Error when the port is taken
 */
export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const registry = new Registry();
  const settings: Settings = { tokenForm: 'long', tokenLifeMs: 3_600_000, replicationLag: {}, clockSkewMs: 0 };
  const repositories = await BareRepositories.create();
  const state: State = {
    registry,
    tokens: new Tokens(registry),
    repositories,
    settings,
    mints: new Journal(),
    jwts: new Journal(),
  };
  const calls = new Journal<SeenCall>();
  let disturbance: ((call: Call) => Fault | undefined) | undefined;

  const handle = async (incoming: Incoming, outgoing: Outgoing, protocol: Call['protocol']) => {
    const call = callOf(incoming, protocol);
    const see = (status: number, refused?: string) =>
      calls.add({ ...call, mint: state.tokens.mintOf(call.credential?.secret), status, refused });
    outgoing.setHeader('date', new Date(now(state)).toUTCString());
    const fault = disturbance?.(call);
    if (fault === 'hang' || fault === 'cut') {
      see(0);
      if (fault === 'cut') cut(incoming);
      return;
    }
    if (fault !== undefined && 'delayMs' in fault) await sleep(fault.delayMs);
    else if (fault !== undefined) {
      see(fault.status);
      return respond(incoming, outgoing, fault);
    }
    try {
      if (call.operation === 'git') {
        const { repository, below, user } = gitAccess(state, call);
        const path = `/${fullName(repository)}.git/${below}`;
        await answerByBackend({ call, root: repositories.root, path, user }, incoming, outgoing, see);
        return;
      }
      const answer = await answerJson(state, call, await bodyOf(incoming));
      see(answer.status);
      respond(incoming, outgoing, answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      see(error.status, error.message);
      const { status, headers } = error;
      respond(incoming, outgoing, { status, headers, body: call.operation === 'git' ? error.message : error.body });
    }
  };
  const handler = (incoming: Incoming, outgoing: Outgoing, protocol: Call['protocol']) => {
    handle(incoming, outgoing, protocol).catch(() => {
      // The client went away, or a test's fault threw: either way there is nobody to tell but the client.
      cut(incoming);
    });
  };

  const secure = await listenSecurely(options.certificate, handler, options.port ?? 0);
  const plain = await listenPlainly(handler);
  const stop = async () => {
    await Promise.all([secure.stop(), plain.stop()]);
    await repositories[Symbol.asyncDispose]();
  };
  return {
    registry,
    tokens: state.tokens,
    settings,
    mints: state.mints,
    jwts: state.jwts,
    calls,
    port: secure.port,
    plainPort: plain.port,
    createRepository: async (fullName, files = { 'README.md': `# ${fullName}\n` }) => {
      const [owner = '', name = ''] = fullName.split('/');
      const repository = registry.add(owner, name);
      await repositories.create(repository, files);
      return repository;
    },
    git: (repository, ...args) => repositories.git(repository, args),
    disturb: (fault) => {
      disturbance = fault;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function answerJson(state: State, call: Call, body: Buffer): Promise<Answer> {
  if (call.operation === 'graphql') return answerGraphql(state, call, body);
  if (call.operation === 'rest') return answerRest(state, call, body);
  return answerApp(state, call, body);
}

/** Also when the body was not read: who sends one is let finish. */
function respond(incoming: Incoming, outgoing: Outgoing, answer: Answer): void {
  incoming.resume();
  send(outgoing, answer);
}
