import fc from 'fast-check';
import { expect, it } from 'vitest';
import { signRequest } from '../../src/signing/sign-request.ts';
import { SigningKey } from '../../src/signing/signing-key.ts';
import { signWithBotocore } from './support/botocore.ts';
import { requests } from './support/requests.ts';

it('signs two thousand requests of clients of any make as botocore does, byte for byte', {
  timeout: 120_000,
}, async () => {
  const cases = fc.sample(requests, 2_000);
  const theirs = await signWithBotocore(cases.map((one) => one.botocore));

  for (const [index, one] of cases.entries()) {
    const ours = await signRequest(one.request, new SigningKey(one.key), one.scope, one.now);

    expect(ours.set, JSON.stringify(one)).toEqual(theirs[index]);
  }
});
