import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsError } from '../../src/aws/aws-failure.ts';
import { Ec2 } from '../../src/callers/ec2-api.ts';

interface Answer {
  readonly status?: number;
  readonly body: string;
}

const answer = (instances: string, more = ''): Answer => ({
  body: `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf</requestId><reservationSet>${instances}</reservationSet>${more}
</DescribeInstancesResponse>`,
});

const instance = (id: string, inner: string, state = 'running') =>
  `<item><instancesSet><item><instanceId>${id}</instanceId>
    <instanceState><code>16</code><name>${state}</name></instanceState>${inner}</item></instancesSet></item>`;

const error = (status: number, code: string): Answer => ({
  status,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>${code} it is.</Message></Error></Errors><RequestID>1</RequestID></Response>`,
});

describe('a question to EC2', () => {
  let server: Server;
  let ec2: Ec2;
  let answers: Answer[];
  let asked: URLSearchParams[];

  beforeEach(async () => {
    answers = [];
    asked = [];
    server = createServer(async (request, response) => {
      asked.push(new URLSearchParams(await text(request)));
      const next = answers.shift() ?? answer('');
      if (next.status === 0) return request.socket.destroy();
      return response.writeHead(next.status ?? 200, { connection: 'close' }).end(next.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    ec2 = new Ec2({ region: 'eu-west-1' });
  });
  afterEach(() => {
    ec2.close();
    server.close();
    vi.unstubAllEnvs();
  });

  const reason = async () => {
    try {
      return (await ec2.instances(['10.1.2.3'], true)).length;
    } catch (failure) {
      return failure instanceof AwsError ? failure.reason : failure;
    }
  };

  it('names the addresses, those of IPv6 by a filter of their own, and the VPC', async () => {
    await ec2.instances(['10.1.2.3', '10.1.2.4'], true);
    await new Ec2({ region: 'eu-west-1', vpc: 'vpc-1' }).instances(['2001:db8::1'], true);

    expect(asked.map((it) => Object.fromEntries(it))).toEqual([
      {
        Action: 'DescribeInstances',
        Version: '2016-11-15',
        'Filter.1.Name': 'instance-state-name',
        'Filter.1.Value.1': 'running',
        'Filter.2.Name': 'network-interface.addresses.private-ip-address',
        'Filter.2.Value.1': '10.1.2.3',
        'Filter.2.Value.2': '10.1.2.4',
      },
      {
        Action: 'DescribeInstances',
        Version: '2016-11-15',
        'Filter.1.Name': 'instance-state-name',
        'Filter.1.Value.1': 'running',
        'Filter.2.Name': 'network-interface.ipv6-addresses.ipv6-address',
        'Filter.2.Value.1': '2001:db8::1',
        'Filter.3.Name': 'vpc-id',
        'Filter.3.Value.1': 'vpc-1',
      },
    ]);
  });

  it('finds every address of an instance and its tags, on every interface', async () => {
    answers.push(
      answer(
        instance(
          'i-1',
          `<vpcId>vpc-1</vpcId><privateIpAddress>10.1.2.3</privateIpAddress><ipAddress>203.0.113.1</ipAddress>
          <tagSet><item><key>attache</key><value>agents,prod</value></item><item><key>Name</key><value>a &amp; b</value></item></tagSet>
          <networkInterfaceSet>
            <item><privateIpAddress>10.1.2.3</privateIpAddress>
              <privateIpAddressesSet><item><privateIpAddress>10.1.2.3</privateIpAddress></item><item><privateIpAddress>10.1.2.9</privateIpAddress></item></privateIpAddressesSet>
              <ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet></item>
            <item><privateIpAddress>10.1.3.3</privateIpAddress><privateIpAddressesSet/><ipv6AddressesSet/></item>
          </networkInterfaceSet>`,
        ),
      ),
    );

    expect(await ec2.instances(['10.1.2.3'], true)).toEqual([
      {
        id: 'i-1',
        vpc: 'vpc-1',
        addresses: ['10.1.2.3', '10.1.2.9', '2001:db8::1', '10.1.3.3'],
        tags: new Map([
          ['attache', 'agents,prod'],
          ['Name', 'a & b'],
        ]),
      },
    ]);
  });

  it('leaves out what does not run and what is in another VPC, whatever the other side filters', async () => {
    const states = ['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'];
    answers.push(answer(states.map((state) => instance(`i-${state}`, '<vpcId>vpc-2</vpcId>', state)).join('')));
    answers.push(answer(instance('i-1', '<vpcId>vpc-1</vpcId>') + instance('i-2', '<vpcId>vpc-2</vpcId>')));

    const all = await ec2.instances(['10.1.2.3'], true);
    const ofOne = await new Ec2({ region: 'eu-west-1', vpc: 'vpc-1' }).instances(['10.1.2.3'], true);

    expect([all, ofOne].map((found) => found.map(({ id }) => id))).toEqual([['i-running'], ['i-1']]);
  });

  it('reads all pages of an answer', async () => {
    answers.push(answer(instance('i-1', ''), '<nextToken>t1</nextToken>'), answer(instance('i-2', '')));

    expect((await ec2.instances(['10.1.2.3'], true)).map(({ id }) => id)).toEqual(['i-1', 'i-2']);
    expect(asked.map((it) => it.get('NextToken'))).toEqual([null, 't1']);
  });

  it.each<[string, Answer[], unknown]>([
    ['an answer that never ends', Array(20).fill(answer('', '<nextToken>t</nextToken>')), 'aws_error'],
    ['a page of a proxy', Array(2).fill({ body: '<html><body>Welcome</body></html>' }), 'aws_error'],
    ['an answer cut short', Array(2).fill({ body: '<DescribeInstancesResponse><reservationSet>' }), 'aws_error'],
    ['an empty answer', Array(2).fill({ body: '' }), 'aws_error'],
    ['a wrong identity', Array(2).fill(error(401, 'AuthFailure')), 'aws_credentials'],
    ['no permission', [error(403, 'UnauthorizedOperation')], 'access_denied'],
    ['too many calls', [error(503, 'RequestLimitExceeded')], 'throttled'],
    ['a fault of AWS, twice', Array(2).fill(error(500, 'InternalError')), 'aws_error'],
    ['a fault of AWS, once', [error(500, 'InternalError'), answer(instance('i-1', ''))], 1],
    ['a connection that is lost, once', [{ status: 0, body: '' }, answer(instance('i-1', ''))], 1],
    ['an error that nobody knows', [error(400, 'InvalidParameterValue')], 'refused'],
  ])('takes nothing for an answer that is none: %s', async (_, script, result) => {
    answers.push(...script);

    expect(await reason()).toBe(result);
  });

  it('goes to the Region of the options, or else that of the AWS settings', async () => {
    const scopes: (string | undefined)[] = [];
    server.on('request', ({ headers }) => scopes.push(headers.authorization?.split('/')[2]));
    vi.stubEnv('AWS_REGION', 'ap-south-1');
    await ec2.instances(['10.1.2.3'], true);
    await new Ec2({}).instances(['10.1.2.3'], true);

    expect(scopes).toEqual(['eu-west-1', 'ap-south-1']);
  });
});
