import { describe, expect, it } from 'vitest';
import { LookupError } from '../../src/callers/lookup-error.ts';
import { LookupLog } from '../../src/callers/lookup-log.ts';
import type { Log } from '../../src/telemetry/log.ts';

function recorded() {
  const lines: unknown[] = [];
  const note = (level: string) => (fields: unknown, text?: string) => lines.push([level, text ?? fields]);
  const log = { error: note('error'), warn: note('warn'), info: note('info'), debug: note('debug') } as unknown as Log;
  return { log: new LookupLog(log), lines };
}

const failed = (address: string, reason: 'network' | 'throttled') => ({
  kind: 'failed' as const,
  address,
  error: new LookupError(address, reason, ''),
});

describe('the log of look-ups', () => {
  it('has one line when they begin to fail, however many addresses there are, and one when they work again', () => {
    const { log, lines } = recorded();
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.1']) log.lookup(failed(address, 'network'));
    log.lookup(failed('10.0.0.1', 'throttled'));
    log.lookup({ kind: 'confirmed', address: '10.0.0.1' });
    log.lookup({ kind: 'confirmed', address: '10.0.0.2' });

    expect(lines).toEqual([
      ['error', 'EC2 cannot be asked for the tags of callers'],
      ['error', 'EC2 cannot be asked for the tags of callers'],
      ['info', 'EC2 can be asked for the tags of callers again'],
    ]);
  });

  it('warns of an address that several instances have', () => {
    const { log, lines } = recorded();
    log.lookup({
      kind: 'found',
      address: '10.0.0.1',
      owner: { instance: undefined, tags: new Set(), rivals: ['i-1', 'i-2'] },
    });

    expect(lines).toEqual([['warn', expect.stringContaining('several instances have this address')]]);
  });
});
