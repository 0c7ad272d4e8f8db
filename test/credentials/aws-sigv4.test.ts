import { describe, expect, it } from 'vitest';
import { credential } from './support.ts';

const ROLE = 'arn:aws:iam::123456789012:role/signer';

describe('aws_sigv4', () => {
  it.each([
    { service: 'sqs', region: 'eu-west-1' },
    { service: 'sqs', region: 'eu-west-1', role: ROLE, external_id: 'x-1' },
    { service: 's3', region: 'auto', payload: 'unsigned' },
    { service: 's3', region: '*' },
    { service: 'events', region: '*' },
    { service: 'vpc-lattice-svcs', region: 'eu-west-1', payload: 'unsigned' },
  ])('is taken as %j', (options) => {
    expect(() => credential('aws_sigv4', options)).not.toThrow();
  });

  it.each([
    [{ service: 'SQS', region: 'eu-west-1' }, 'is no name of a service'],
    [{ service: 'sqs', region: 'auto' }, 'is no AWS Region'],
    [{ service: 's3', region: 'us-*' }, 'is no name of a Region'],
    [{ service: 's3', region: 'auto', role: ROLE }, 'is no AWS Region'],
    [{ service: 's3', region: '*', role: ROLE }, 'is "*" beside a role'],
    [{ service: 'sqs', region: 'eu-west-1', payload: 'unsigned' }, 'has payload: unsigned'],
    [{ service: 'vpc-lattice-svcs', region: 'eu-west-1', payload: 'signed' }, 'has payload: signed'],
    [{ service: 'sqs', region: 'eu-west-1', external_id: 'x-1' }, 'has an external_id and no role'],
  ])('is refused as %j', (options, reason) => {
    expect(() => credential('aws_sigv4', options)).toThrow(reason);
  });
});
