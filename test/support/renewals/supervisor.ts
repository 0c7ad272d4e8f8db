// Keeps two renewers at work, as the supervisor of Attaché keeps its workers, and passes on what they tell. Whoever has started it says
// what is killed: a worker, itself, or it and its workers at once. What they leave behind is killed by nobody, unless that is asked for.
import type { ChildProcess } from 'node:child_process';
import { launcher } from '../../../src/workers/launch.ts';
import type { Outcome, Task } from './renewer.ts';

/** What is killed. */
export type Target = 'worker' | 'supervisor' | 'all' | 'renewal';

const launch = launcher(new URL('./renewer.ts', import.meta.url), { lifeline: 'pipe' });
const workers = new Set<ChildProcess>();

function keep(task: Task): void {
  const worker = launch();
  workers.add(worker);
  worker.send(task, () => undefined);
  worker.on('message', (outcome: Outcome) => process.send?.(outcome, undefined, undefined, () => undefined));
  worker.once('exit', () => {
    workers.delete(worker);
    keep(task);
  });
}

process.on('message', (message: { readonly task: Task } | { readonly kill: Target }) => {
  if ('task' in message) {
    keep(message.task);
    keep(message.task);
    return;
  }
  const [any] = [...workers].sort(() => Math.random() - 0.5);
  if (message.kill === 'worker') any?.kill('SIGKILL');
  if (message.kill === 'renewal') any?.send('kill renewal', () => undefined);
  if (message.kill === 'all') for (const worker of workers) worker.kill('SIGKILL');
  if (message.kill === 'all' || message.kill === 'supervisor') process.kill(process.pid, 'SIGKILL');
});
process.on('disconnect', () => process.exit());
