/**
 * A worker that behaves as the test says. It stands in for the real one in the supervisor's tests, as a real process with real
 * messages; what it does comes in the place of the configuration, and it writes what happens to a file, a line each.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { Report } from '../../../src/admin/report.ts';
import { LIFELINE } from '../../../src/workers/launch.ts';
import type { FromWorker, ToWorker } from '../../../src/workers/messages.ts';

/** What a worker of a test does. */
export interface Behaviour {
  readonly journal: string;
  /** It ends when it starts, instead of becoming ready. */
  readonly endsAtOnce?: boolean;
  /** It says that it cannot start. */
  readonly fails?: string;
  /** It is busy for ever once it is ready. */
  readonly hangs?: boolean;
  /** It leaves a process behind that ends so many ms after it was told to drain. */
  readonly leavesBehindMs?: number;
  /** How long it takes to drain, in ms. */
  readonly drainMs?: number;
  /** The state of its one secret. */
  readonly secret?: string;
}

let behaviour: Behaviour = { journal: '/dev/null' };
let me = '';

const tell = (message: FromWorker) => process.send?.(message);
const note = (what: string) => appendFileSync(behaviour.journal, `${me} ${what} ${process.pid} ${Date.now()}\n`);
const counts = { requests: [{ integration: 'stripe', outcome: 'injected', count: 1 }], secretChecks: [], tokens: [] };

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'start':
      me = String(message.worker);
      behaviour = JSON.parse(message.configuration.pages[0] ?? '') as Behaviour;
      note('starts');
      if (behaviour.endsAtOnce) process.exit(3);
      if (behaviour.fails !== undefined) tell({ kind: 'failed', sentence: behaviour.fails, settings: false });
      else tell({ kind: 'ready' });
      if (behaviour.hangs) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
      break;
    case 'ping':
      tell({ kind: 'pong', counts });
      break;
    case 'report':
      tell({ kind: 'report', question: message.question, report: report() });
      break;
    case 'drain':
      note('drains');
      if (behaviour.leavesBehindMs !== undefined) leaveBehind(behaviour.leavesBehindMs);
      setTimeout(() => {
        note('drained');
        tell({ kind: 'drained', counts });
      }, behaviour.drainMs ?? 0);
      break;
  }
});

function leaveBehind(ms: number): void {
  const script = `setTimeout(() => require('node:fs').appendFileSync(process.argv[1], '${me} left nothing 0 0\\n'), ${ms})`;
  const stdio = ['ignore', 'ignore', 'ignore', 'ignore', LIFELINE] as const;
  spawn(process.execPath, ['--eval', script, behaviour.journal], { detached: true, stdio: [...stdio] }).unref();
}

function report(): Report {
  const secrets = [{ secret: 'prod/stripe', state: behaviour.secret ?? 'fresh' }];
  return { uptimeSeconds: 1, memoryBytes: 1, problems: [], integrations: [], secrets, tokens: [], counts };
}
