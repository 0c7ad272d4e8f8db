import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { request as call, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { credential, request, version } from '../credentials/support.ts';
import { startAuthorizationServer } from '../support/authorization-server/authorization-server.ts';
import { commandLine } from '../support/command-line.ts';
import {
  CLIENT,
  type ForeignServer,
  PERSON,
  startAuthlib,
  startFosite,
} from '../support/foreign-servers/foreign-servers.ts';
import type { Outcome, Task } from '../support/renewals/renewer.ts';
import type { Target } from '../support/renewals/supervisor.ts';
import { startScriptedSecretsManager } from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const values = commandLine(
  'npm run test:renewals',
  'Renews refresh tokens that are replaced with each use, 2,000 times in all, at three authorization servers that others wrote, which end a grant when one is used twice; and kills the processes that do it: workers, their supervisor, or all of them at once, at random moments, and between the moment in which a renewal begins and that in which it is stored. No grant may be lost. Before that, each grant of OAuth is asked for once.',
  {
    renewals: { says: 'how many renewals there are at least', default: 2_000 },
    grants: { says: 'how many grants at each server', default: 8 },
    kills: { says: 'how many kills there are at least', default: 100 },
    pause: { says: 'the longest time between two kills at a server', default: 15_000, unit: 'ms' },
    targets: {
      says: 'what is killed; with renewal also the process that renews, which may lose what is on its way from the server just then',
      default: 'worker,supervisor,all',
      unit: 'list',
    },
  },
);
const { renewals: wanted, kills: wantedKills, pause: longestPause } = values;
const targets = values.targets.split(',') as Target[];
/** A new refresh token is stored within so many ms after the old one was sent, as a rule: kills that are aimed come between. */
const RENEWAL_TAKES = 60;

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
  readonly kills: Map<Target, number>;
  /** Those of the kills that came between the beginning of a renewal and its end. */
  aimed: number;
  readonly lost: string[];
  /** Secrets that were not renewed since the last kill. */
  readonly waiting: Set<string>;
}

/** What passes by itself: another process holds the lease, or has ended with it; or AWS does not answer in time. */
const PASSING = new Set(['not_written_back', 'timeout']);

let isOver = false;

/** Stands before a server, and tells when it is asked for a token. */
async function startFront(target: string, asked: () => void): Promise<string> {
  const front = createServer((incoming, outgoing) => {
    asked();
    const onward = call(target, { method: 'POST', headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  return `http://127.0.0.1:${port}/token`;
}

/** Keeps processes at work at a server, and kills them again and again. */
async function run(server: Server, tally: Tally): Promise<void> {
  const secrets = Array.from({ length: values.grants }, (_, index) => `soak/${server.name}-${index}`);
  await Promise.all(secrets.map(async (secretId) => aws.aws.put(secretId, JSON.stringify(await server.grant()))));
  /** Told when a refresh token is on its way to the server. */
  let begun: (() => void) | undefined;
  const tokenUrl = await startFront(server.tokenUrl, () => begun?.());
  const oauth2 = { grant: 'refresh_token', token_url: tokenUrl, write_back: true };
  const task: Task = secrets.map((secretId) => ({ secretId, oauth2 }));
  const hear = ({ secretId, reason, message = '' }: Outcome) => {
    if (reason === undefined) {
      tally.renewed += 1;
      tally.waiting.delete(secretId);
    } else if (!PASSING.has(reason)) tally.lost.push(`${secretId}: ${reason} (${message})`);
  };
  let supervisor = start(task, hear);
  while (!isOver && wantedKills > 0) {
    await sleep(Math.random() * longestPause);
    // As often as there are renewals for it: a machine that does other things as well takes long to start processes.
    while (!isOver && tally.renewed * wantedKills < killsOf(tally) * wanted) await sleep(100);
    const isAimed = Math.random() < 0.5;
    if (isAimed) {
      await new Promise<void>((resolve) => {
        begun = resolve;
      });
      await sleep(Math.random() * RENEWAL_TAKES);
    }
    const target = targets[Math.floor(Math.random() * targets.length)] ?? 'worker';
    tally.kills.set(target, (tally.kills.get(target) ?? 0) + 1);
    if (isAimed) tally.aimed += 1;
    supervisor.send({ kill: target }, () => undefined);
    if (target === 'supervisor' || target === 'all') {
      if (supervisor.signalCode === null) await once(supervisor, 'exit');
      supervisor = start(task, hear);
    }
  }
  while (!isOver) await sleep(100);
  for (const secretId of secrets) tally.waiting.add(secretId);
  const until = performance.now() + LAST_RENEWAL;
  while (tally.waiting.size > 0 && performance.now() < until) await sleep(100);
  supervisor.disconnect();
  await once(supervisor, 'exit');
}

/** How long it may take until each grant was renewed once more, after the last kill: leases are taken for dead after two minutes. */
const LAST_RENEWAL = 300_000;

function start(task: Task, hear: (outcome: Outcome) => void): ChildProcess {
  const supervisor = fork(new URL('../support/renewals/supervisor.ts', import.meta.url), {
    env: { ...process.env, ...aws.aws.environment },
  });
  supervisor.on('message', hear);
  supervisor.send({ task });
  return supervisor;
}

const tallies = new Map<Server, Tally>(
  servers.map((server) => [server, { renewed: 0, kills: new Map(), aimed: 0, lost: [], waiting: new Set() }]),
);
const sum = (of: (tally: Tally) => number) => [...tallies.values()].reduce((total, tally) => total + of(tally), 0);
const killsOf = ({ kills }: Tally) => [...kills.values()].reduce((total, count) => total + count, 0);
const runs = [...tallies].map(([server, tally]) => run(server, tally));
while (sum(({ renewed }) => renewed) < wanted || sum(killsOf) < wantedKills) {
  await sleep(5_000);
  const state = [...tallies].map(
    ([{ name }, it]) => `${name} ${it.renewed} (${killsOf(it)} kills, ${it.lost.length} lost)`,
  );
  process.stdout.write(`${state.join(', ')}\n`);
}
isOver = true;
await Promise.all(runs);
// What was left behind stores what it has.
for (let calls = -1; calls !== aws.calls.entries.length; await sleep(3_000)) calls = aws.calls.entries.length;

for (const [{ name }, tally] of tallies) {
  const kills = [...tally.kills].map(([target, count]) => `${count} of ${target}`).join(', ');
  const lost = [
    ...new Set([...tally.lost, ...[...tally.waiting].map((secretId) => `${secretId}: not renewed any more`)]),
  ];
  process.stdout.write(
    `${name}: ${tally.renewed} renewals, ${killsOf(tally)} kills (${kills}; ${tally.aimed} during a renewal), ${lost.length === 0 ? 'no grant lost' : `LOST ${lost.join(', ')}`}\n`,
  );
}
const passed = sum(({ lost, waiting }) => lost.length + waiting.size) === 0;
process.stdout.write(
  `${sum(({ renewed }) => renewed)} renewals, ${sum(killsOf)} kills: ${passed ? 'no grant lost' : 'FAILED'}\n`,
);
process.exit(passed ? 0 : 1);
