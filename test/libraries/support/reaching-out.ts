// Tries what a program might that goes past the proxy, and prints what became of it as JSON.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startNameServer } from '../name-server.ts';

await using names = await startNameServer();
const codeOf = (error: NodeJS.ErrnoException) => error.code ?? error.message;
const connected = (host: string) => {
  const socket = connect({ host, port: 443, timeout: 5_000 }, () => socket.destroy());
  return once(socket, 'close').then(() => 'connected', codeOf);
};
const found = await lookup('API.example.com').then(() => 'found', codeOf);
const outcome = {
  found,
  localhost: (await lookup('localhost', { family: 4 })).address,
  address: await connected('192.0.2.1'),
  asked: [...new Set(names.asked)],
};
console.log(JSON.stringify(outcome));
