import { afterAll, beforeAll, expect, it } from 'vitest';
import { pathOfHttp } from '../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    attache: false,
    edit: (document) => {
      document.setIn(['node', 'metadata', 'attache', 'tags_from_ec2'], document.createNode({ vpc: 'any' }));
      // No machine of EC2 has an address of this one: a proxy in front, which the listener trusts, tells whose request it is.
      document.setIn([...pathOfHttp, 'xff_num_trusted_hops'], 1);
      addRoutes(document, {
        name: 'agents-only',
        host: 'api.openai.com',
        attache: {
          integration: 'agents-only',
          secret: 'prod/openai',
          bearer: '{{ api_key }}',
          callers: ['tag:agents'],
        },
      });
    },
  });
  await stack.startAttache({ AWS_ENDPOINT_URL_EC2: stack.aws.endpoint });
});
afterAll(() => stack?.stop());

/** A machine that has this address, and this value of the tag `attache`. */
async function machine(address: string, tag: string): Promise<string> {
  const answer = await ec2({
    ...{ Action: 'RunInstances', ImageId: 'ami-1', MinCount: '1', MaxCount: '1', PrivateIpAddress: address },
    'TagSpecification.1.ResourceType': 'instance',
    'TagSpecification.1.Tag.1.Key': 'attache',
    'TagSpecification.1.Tag.1.Value': tag,
  });
  return /<instanceId>(.+?)</.exec(answer)?.[1] ?? '';
}

async function ec2(parameters: Readonly<Record<string, string>>): Promise<string> {
  const scope = 'Credential=local/20260101/us-east-1/ec2/aws4_request';
  const answer = await fetch(stack.aws.endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: '2016-11-15', ...parameters }),
  });
  if (!answer.ok) throw new Error(`${parameters.Action} is refused: ${await answer.text()}`);
  return answer.text();
}

/** The last address is the proxy's word; what stands before it is the caller's own. */
const from = (address: string) =>
  send(stack.port, {
    host: 'agents-only.int',
    path: '/v1/models',
    headers: { 'x-forwarded-for': `10.77.0.21, ${address}`, 'x-real-ip': '10.77.0.21' },
  });

it('a machine gets the key by its tag, its clone does so too, and others do not, whatever they say', async () => {
  const tagged = await machine('10.77.0.21', 'agents, prod');
  await machine('10.77.0.22', 'prod');
  const [first, other, unknown] = await Promise.all(['10.77.0.21', '10.77.0.22', '10.77.0.23'].map(from));

  expect([first, other, unknown].map((reply) => reply?.status)).toEqual([200, 403, 403]);
  expect(other?.headers['x-attache-error']).toBe('caller_not_allowed');

  const copied = /<key>attache<\/key><value>(.*?)<\/value>/.exec(
    await ec2({ Action: 'DescribeInstances', 'InstanceId.1': tagged }),
  )?.[1];
  const clone = await machine('10.77.0.23', copied ?? '');

  await expect.poll(async () => (await from('10.77.0.23')).status, { interval: 500 }).toBe(200);
  await stack.envoy.accessLog.find(
    ({ attache }) => attache?.instance === clone && attache.caller === 'tag:agents',
    'a line that names the clone and the tag',
  );
  expect(stack.upstream.requests.entries.every(({ status }) => status === 200)).toBe(true);
});
