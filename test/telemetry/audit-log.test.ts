import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../src/telemetry/audit-log.ts';
import { createLog } from '../../src/telemetry/log.ts';

describe('a log of every decision', () => {
  let lines: { msg: string; id?: number; lost?: number }[];
  let isRead: boolean;
  let audit: AuditLog<number>;

  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    isRead = true;
    const output = {
      lost: 0,
      write: (line: string) => {
        if (isRead) lines.push(JSON.parse(line));
        else output.lost += 1;
      },
      batch: (produce: () => void) => produce(),
    };
    audit = new AuditLog(createLog('silent', output), output, (id: number) => ({ id }));
  });
  afterEach(() => vi.useRealTimers());

  it('writes nothing in the turn of the request, and all of it soon after, whatever the level of the log', () => {
    for (const id of [1, 2, 3]) audit.add(id);
    const inTurn = lines.length;
    vi.advanceTimersByTime(20);

    expect(inTurn).toBe(0);
    expect(lines.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(audit.lost).toBe(0);
  });

  it('drops and counts what does not fit, and says so when it is over', () => {
    for (let id = 0; id < 5_000; id += 1) audit.add(id);
    vi.advanceTimersByTime(20);

    expect(audit.lost).toBe(904);
    expect(lines).toHaveLength(4_097);
    expect(lines.at(-1)).toMatchObject({ msg: expect.stringContaining('lost'), lost: 904 });
  });

  it('drops and counts what nobody reads, and says so when somebody reads again', () => {
    isRead = false;
    for (const id of [1, 2, 3]) audit.add(id);
    vi.advanceTimersByTime(20);
    const whileNobodyReads = [audit.lost, lines.length];
    isRead = true;
    audit.add(4);
    vi.advanceTimersByTime(20);
    audit.add(5);
    vi.advanceTimersByTime(20);

    expect(whileNobodyReads).toEqual([3, 0]);
    expect(lines).toMatchObject([{ id: 4 }, { lost: 3, sinceStart: 3 }, { id: 5 }]);
  });

  it('writes what waits when it is closed', () => {
    audit.add(1);
    audit.close();

    expect(lines).toMatchObject([{ id: 1 }]);
  });
});
