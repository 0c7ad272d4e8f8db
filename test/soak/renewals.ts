// Renews refresh tokens that are replaced with each use, 2,000 times in all, at three authorization servers that others wrote, which end a
// grant when one is used twice; and kills the processes that do it at random moments. No grant may be lost but to a kill between the
// server's answer and the write of it, and every loss must be told as one. Before that, each grant of OAuth is asked for once.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { credential, request, version } from '../credentials/support.ts';
import { startAuthorizationServer } from '../support/authorization-server/authorization-server.ts';
import {
  CLIENT,
  type ForeignServer,
  PERSON,
  startAuthlib,
  startFosite,
} from '../support/foreign-servers/foreign-servers.ts';
import type { Outcome, Task } from '../support/renewals/renewer.ts';
import { startScriptedSecretsManager } from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const { values } = parseArgs({
  options: {
    renewals: { type: 'string', default: '2000' },
    grants: { type: 'string', default: '4' },
    /** The longest time between two kills of a process, in ms, beyond the shortest; 0 for no kills. */
    kills: { type: 'string', default: '8000' },
  },
});
/** How long a process lives at least, in ms: it takes some seconds until it takes the leases of the one before for dead. */
const SHORTEST_LIFE = 12_000;
const wanted = Number(values.renewals);
const longestLife = Number(values.kills);

await using aws = await startScriptedSecretsManager();
await using oidc = await startAuthorizationServer({ rotateRefreshTokens: true });
await using authlib = await startAuthlib();
await using fosite = await startFosite();

/** Gives a grant anew, as a person does who authorises in a browser: the secret to store, with a refresh token. */
interface Server {
  readonly name: string;
  readonly tokenUrl: string;
  grant(): Promise<object>;
}

const writeBack = { replace: () => Promise.reject(new Error('nothing is written here')) };

/** A token by what Attaché does with a block. */
async function tokenBy(options: object, secret: object): Promise<string> {
  const step = credential('oauth2', options).prepare('soak/grant', version(JSON.stringify(secret)));
  if (!('token' in step)) throw new Error('it gets no token');
  const token = await step.token(request()).use.mint({ signal: AbortSignal.timeout(10_000), writeBack });
  return token.reveal();
}

async function everyGrant({ tokenUrl, assertionKey }: ForeignServer): Promise<number> {
  const at = { token_url: tokenUrl, scopes: ['fosite'] };
  const tokens = [
    await tokenBy({ ...at, grant: 'client_credentials' }, CLIENT),
    await tokenBy({ ...at, grant: 'password' }, { ...CLIENT, ...PERSON }),
    await tokenBy(
      { ...at, grant: 'jwt_bearer', assertion: { subject: PERSON.username } },
      { client_id: CLIENT.client_id, private_key: assertionKey, key_id: 'k1' },
    ),
  ];
  return new Set(tokens).size;
}

async function byPassword(tokenUrl: string): Promise<object> {
  const body = new URLSearchParams({ grant_type: 'password', ...PERSON, scope: 'fosite' });
  const { client_id: id, client_secret: secret } = CLIENT;
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const answer = await fetch(tokenUrl, { method: 'POST', headers: { authorization }, body });
  const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token?: string };
  if (refreshToken === undefined) throw new Error(`${tokenUrl} gave no refresh token`);
  return { ...CLIENT, refresh_token: refreshToken };
}

const servers: readonly Server[] = [
  {
    name: 'oidc-provider',
    tokenUrl: oidc.tokenUrl,
    grant: async () => {
      const { id, secret } = oidc.clients.basic;
      return { client_id: id, client_secret: secret, refresh_token: await oidc.issueRefreshToken('basic') };
    },
  },
  { name: 'Authlib', tokenUrl: authlib.tokenUrl, grant: () => byPassword(authlib.tokenUrl) },
  { name: 'fosite', tokenUrl: fosite.tokenUrl, grant: () => byPassword(fosite.tokenUrl) },
];

for (const [name, server] of Object.entries({ Authlib: authlib, fosite })) {
  process.stdout.write(`${name}: ${await everyGrant(server)} of 3 grants gave a token\n`);
}

/** What happened at a server. */
interface Tally {
  renewed: number;
  kills: number;
  /** Grants that a kill has ended, each of which was told as lost. */
  lost: number;
  /** Refusals that were told as something else, or came without a kill before. */
  untold: string[];
}

let isOver = false;

/** Keeps a process at work at a server, and kills it again and again. */
async function run(server: Server, tally: Tally): Promise<void> {
  const secrets = Array.from({ length: Number(values.grants) }, (_, index) => `soak/${server.name}-${index}`);
  const authorise = async (secretId: string) => aws.aws.put(secretId, JSON.stringify(await server.grant()));
  await Promise.all(secrets.map(authorise));
  const oauth2 = { grant: 'refresh_token', token_url: server.tokenUrl, write_back: true };
  const task: Task = secrets.map((secretId) => ({ secretId, oauth2 }));
  /** Whether a kill may have ended the grant: since it was last renewed. */
  const killed = new Set<string>();
  const ended = new Set<string>();
  while (!isOver) {
    const child = fork(new URL('../support/renewals/renewer.ts', import.meta.url), {
      env: { ...process.env, ...aws.aws.environment },
    });
    child.send(task);
    child.on('message', ({ secretId, reason }: Outcome) => {
      if (reason === undefined) {
        tally.renewed += 1;
        killed.delete(secretId);
      } else if (reason === 'refresh_token_lost' && killed.has(secretId)) {
        if (ended.has(secretId)) return;
        tally.lost += 1;
        ended.add(secretId);
        void authorise(secretId).then(() => {
          ended.delete(secretId);
          killed.delete(secretId);
        });
      } else if (!PASSING.has(reason)) tally.untold.push(reason);
    });
    await lifeOf(child, tally);
    for (const secretId of secrets) killed.add(secretId);
  }
}

/** What passes by itself: another process holds the lease, or has ended with it. */
const PASSING = new Set(['not_written_back']);

/** Ends a process at a random moment, but not before it has begun its work. */
async function lifeOf(child: ChildProcess, tally: Tally): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([exited, new Promise((resolve) => child.once('message', resolve))]);
  const until =
    performance.now() + (longestLife === 0 ? Number.POSITIVE_INFINITY : SHORTEST_LIFE + longestLife * Math.random());
  while (!isOver && performance.now() < until) await sleep(Math.min(20, Math.max(1, until - performance.now())));
  if (!isOver) tally.kills += 1;
  child.kill('SIGKILL');
  await exited;
}

const tallies = new Map(servers.map((server) => [server, { renewed: 0, kills: 0, lost: 0, untold: [] } as Tally]));
const renewed = () => [...tallies.values()].reduce((sum, tally) => sum + tally.renewed, 0);
const runs = [...tallies].map(([server, tally]) => run(server, tally));
while (renewed() < wanted) {
  await sleep(5_000);
  const state = [...tallies].map(([{ name }, it]) => `${name} ${it.renewed} (${it.kills} kills, ${it.lost} lost)`);
  process.stdout.write(`${state.join(', ')}\n`);
}
isOver = true;
await Promise.all(runs);

let good = true;
for (const [{ name }, { renewed: count, kills, lost, untold }] of tallies) {
  const passed = untold.length === 0 && (longestLife > 0 || lost === 0);
  good &&= passed;
  process.stdout.write(
    `${name}: ${count} renewals, ${kills} kills; ${lost} grants ended by a kill before the new refresh token was stored, each told as lost; ${untold.length} lost otherwise${untold.length === 0 ? '' : ` (${[...new Set(untold)].join(', ')})`}: ${passed ? 'passed' : 'FAILED'}\n`,
  );
}
process.exit(good ? 0 : 1);
