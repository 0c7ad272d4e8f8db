/**
 * A process that starts programs as the local stack does, says what it started, and then ends in the way that its
 * argument says, or waits to be ended.
 */
import { privateFolder } from '../../../local/guard.ts';
import { startProgram } from '../../../local/process.ts';

const folder = privateFolder();
// The second one is a grandchild: the shell that started it does nothing but wait.
const program = await startProgram({
  name: 'a stubborn program',
  command: 'sh',
  args: ['-c', `trap '' TERM INT HUP; sleep 1000 & echo $!; wait; sleep 1000`],
  env: { PATH: process.env.PATH },
});
const grandchild = await program.stdout.find(() => true, 'the pid of the grandchild');
console.log(JSON.stringify({ pids: [program.pid, Number(grandchild)], folder }));

const [, , how] = process.argv;
if (how === 'throw') {
  throw new Error('as the test asked');
} else if (how === 'exit') {
  process.exit(0);
} else {
  setInterval(() => {}, 1000);
}
