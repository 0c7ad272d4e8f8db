import { join } from 'node:path';
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { Journal } from '../../local/journal.ts';
import { Secret } from '../../src/processor/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from '../../src/processor/gen/envoy/service/discovery/v3/discovery.ts';
import { SecretDiscoveryServiceClient } from '../../src/processor/gen/envoy/service/secret/v3/sds.ts';
import { ProcessorServer } from '../../src/processor/processor-server.ts';
import { type Held, type Pushed, SECRET, SecretDiscovery } from '../../src/processor/secret-discovery.ts';
import { NOBODY_ASKS } from './support/stream-context.ts';

describe('an Envoy that asks for secrets', () => {
  let values: Map<string, string>;
  let buffers: Buffer[];
  let asked: (Held & { readonly name: string })[];
  let rejections: string[];
  let discovery: SecretDiscovery;
  let server: ProcessorServer;
  let client: SecretDiscoveryServiceClient;

  beforeEach(async () => {
    values = new Map();
    buffers = [];
    asked = [];
    rejections = [];
    const pushed = (name: string, held: Held): Pushed | undefined => {
      asked.push({ name, ...held });
      const value = values.get(name);
      if (value === undefined || held.version === `version of ${value}`) return undefined;
      const buffer = Buffer.from(value);
      buffers.push(buffer);
      return { version: `version of ${value}`, value: buffer };
    };
    discovery = new SecretDiscovery({
      pushed,
      rejected: (name, reason) => rejections.push(`${name}: ${reason}`),
      now: () => 1_234,
    });
    server = new ProcessorServer(NOBODY_ASKS, { secrets: discovery });
    const path = join(privateFolder(), '0.sock');
    await server.listen([{ path }]);
    client = new SecretDiscoveryServiceClient(`unix:${path}`, credentials.createInsecure());
  });
  afterEach(async () => {
    client.close();
    await server.drain(0);
  });

  /** A stream, with what comes on it. */
  function envoy(name: string) {
    const stream: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse> = client.streamSecrets();
    const responses = new Journal<DiscoveryResponse>();
    let ended = false;
    stream.on('data', (response: DiscoveryResponse) => responses.add(response));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      ended = true;
    });
    const ask = (more: Partial<DiscoveryRequest> = {}) =>
      stream.write({
        versionInfo: '',
        resourceNames: [name],
        typeUrl: SECRET,
        responseNonce: '',
        errorDetail: undefined,
        ...more,
      });
    const answer = ({ versionInfo, nonce }: DiscoveryResponse, rejected?: string) =>
      ask({
        versionInfo,
        responseNonce: nonce,
        errorDetail: rejected === undefined ? undefined : { code: 3, message: rejected },
      });
    const count = async (number: number) => {
      await expect.poll(() => responses.entries.length).toBe(number);
      const found = responses.entries.at(-1);
      if (found === undefined) throw new Error('nothing came');
      return found;
    };
    return { stream, responses, ask, answer, count, hasEnded: () => ended };
  }

  const secretIn = ({ resources }: DiscoveryResponse) => Secret.decode(resources[0]?.value ?? Buffer.alloc(0));

  it('gets what stands under its name, and the next value as soon as there is one', async () => {
    values.set('stripe', 'one');
    const { ask, answer, count } = envoy('stripe');
    ask();
    const first = await count(1);

    expect(first).toMatchObject({ typeUrl: SECRET, versionInfo: 'version of one', resources: [{ typeUrl: SECRET }] });
    expect(secretIn(first)).toEqual({
      name: 'stripe',
      genericSecret: { secret: { inlineBytes: Buffer.from('one') } },
    });
    answer(first);
    values.set('stripe', 'two');
    discovery.offer('stripe');

    expect(secretIn(await count(2)).genericSecret?.secret?.inlineBytes.toString()).toBe('two');
  });

  it('gets nothing twice, and nothing of another name', async () => {
    values.set('stripe', 'one').set('openai', 'other');
    const stripe = envoy('stripe');
    const openai = envoy('openai');
    stripe.ask();
    openai.ask();
    stripe.answer(await stripe.count(1));
    await openai.count(1);

    discovery.offer('stripe');
    values.set('openai', 'another');
    discovery.offer('openai');
    await openai.count(2);

    expect(stripe.responses.entries).toHaveLength(1);
    expect([...discovery.names].sort()).toEqual(['openai', 'stripe']);
  });

  it('says what it was given by another process, and that is told from what it was given here', async () => {
    values.set('stripe', 'one');
    const { ask, count } = envoy('stripe');
    ask({ versionInfo: 'version of another' });
    await count(1);
    values.set('stripe', 'two');
    discovery.offer('stripe');
    await count(2);

    expect(asked).toEqual([
      { name: 'stripe', version: 'version of another', isOwn: false, askedAt: 1_234 },
      { name: 'stripe', version: 'version of one', isOwn: true, askedAt: 1_234 },
    ]);
  });

  it('is heard when it rejects one', async () => {
    values.set('stripe', 'one');
    const { ask, answer, count } = envoy('stripe');
    ask();
    answer(await count(1), 'Unexpected SDS secret');

    await expect.poll(() => rejections).toEqual(['stripe: Unexpected SDS secret']);
  });

  it('leaves nothing of a value behind in memory of the server', async () => {
    values.set('stripe', 'one');
    const { ask, count } = envoy('stripe');
    ask();
    await count(1);

    expect(buffers).toEqual([Buffer.alloc(3)]);
  });

  it('is not offered anything once it has gone, and is let go of when the server ends', async () => {
    values.set('stripe', 'one');
    const gone = envoy('stripe');
    gone.ask();
    await gone.count(1);
    gone.stream.cancel();
    await expect.poll(() => [...discovery.names]).toEqual([]);

    const stays = envoy('stripe');
    stays.ask();
    await stays.count(1);
    discovery.close();

    await expect.poll(stays.hasEnded).toBe(true);
  });
});
