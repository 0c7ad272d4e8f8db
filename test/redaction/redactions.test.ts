import { describe, expect, it } from 'vitest';
import { Redactions } from '../../src/redaction/redactions.ts';
import { Redactor } from '../../src/redaction/redactor.ts';

const value = (text: string) => [{ name: 'a key', bytes: Buffer.from(text) }];

describe('the forms of values', () => {
  it('are made once for the same values, and anew for others', () => {
    const redactions = new Redactions();
    const forms = redactions.formsOf(value('sk_live_0123'));

    expect(redactions.formsOf(value('sk_live_0123'))).toBe(forms);
    expect(redactions.formsOf(value('sk_live_0124'))).not.toBe(forms);
    expect(redactions.formsOf([...value('sk_live_0123'), ...value('sk_live_0124')])).not.toBe(forms);
    redactions.forget();
  });

  it('are wiped when they are dropped, but not before the last response that needs them has ended', () => {
    const redactions = new Redactions();
    const [used, unused] = [redactions.formsOf(value('sk_live_used')), redactions.formsOf(value('sk_live_unused'))];
    used.enter();
    used.enter();

    redactions.forget();

    const read = (forms: typeof used) => () => new Redactor(forms).push(Buffer.from('sk_live_used'));
    expect(read(unused)).toThrow('wiped');
    expect(read(used)).not.toThrow();
    used.leave();
    expect(read(used)).not.toThrow();
    used.leave();
    expect(read(used)).toThrow('wiped');
  });
});
