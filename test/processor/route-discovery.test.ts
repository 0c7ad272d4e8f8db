import { join } from 'node:path';
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { Journal } from '../../local/journal.ts';
import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from '../../src/processor/gen/envoy/service/discovery/v3/discovery.ts';
import { RouteDiscoveryServiceClient } from '../../src/processor/gen/envoy/service/route/v3/rds.ts';
import { ProcessorServer } from '../../src/processor/processor-server.ts';
import { ROUTE_CONFIGURATION, RouteDiscovery } from '../../src/processor/route-discovery.ts';
import { NOBODY_ASKS } from './support/stream-context.ts';

const bytes = (text: string) => Buffer.from(text);
const publication = (text: string, fingerprint = 'f1') => ({ routes: new Map([['egress', bytes(text)]]), fingerprint });

describe('an Envoy that asks for routes', () => {
  let rejections: string[];
  let discovery: RouteDiscovery;
  let server: ProcessorServer;
  let client: RouteDiscoveryServiceClient;

  beforeEach(async () => {
    rejections = [];
    discovery = new RouteDiscovery((reason) => rejections.push(reason));
    server = new ProcessorServer(NOBODY_ASKS, { routes: discovery });
    const path = join(privateFolder(), '0.sock');
    await server.listen([{ path }]);
    client = new RouteDiscoveryServiceClient(`unix:${path}`, credentials.createInsecure());
  });
  afterEach(async () => {
    client.close();
    await server.drain(0);
  });

  /** A stream, with what comes on it. */
  function envoy() {
    const stream: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse> = client.streamRoutes();
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
        resourceNames: ['egress'],
        typeUrl: ROUTE_CONFIGURATION,
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
    const count = (number: number) =>
      expect
        .poll(() => responses.entries.length)
        .toBe(number)
        .then(() => last());
    const last = () => {
      const found = responses.entries.at(-1);
      if (found === undefined) throw new Error('nothing came');
      return found;
    };
    return { stream, responses, ask, answer, count, hasEnded: () => ended };
  }

  it('gets them as bytes, and the next ones as soon as they differ', async () => {
    await discovery.publish(publication('one'));
    const { ask, answer, count } = envoy();
    ask();
    const first = await count(1);
    expect(first).toMatchObject({
      typeUrl: ROUTE_CONFIGURATION,
      resources: [{ typeUrl: ROUTE_CONFIGURATION, value: bytes('one') }],
    });
    answer(first);
    expect(await discovery.publish(publication('one'))).toEqual({ kind: 'unheard' });

    const published = discovery.publish(publication('two'));
    const second = await count(2);
    expect(second.resources[0]?.value).toEqual(bytes('two'));
    expect(second.versionInfo).not.toBe(first.versionInfo);
    answer(second);

    expect(await published).toEqual({ kind: 'accepted' });
  });

  it('waits while there are none, and gets none of another name', async () => {
    const { ask, responses } = envoy();
    ask({ resourceNames: ['other'] });
    const mine = envoy();
    mine.ask();
    await discovery.publish({ routes: new Map(), fingerprint: '' });

    // Its own answer is not waited for here: it comes when this publication is over.
    void discovery.publish(publication('one'));

    expect((await mine.count(1)).resources).toHaveLength(1);
    expect(responses.entries).toEqual([]);
  });

  it('is given none while they are held back, so none that are older than those it has', async () => {
    await discovery.publish(publication('one'));
    const before = envoy();
    before.ask();
    before.answer(await before.count(1));
    discovery.hold();
    // It has newer ones already, of another process.
    const { ask, answer, count } = envoy();
    // It has newer ones already, of another process.
    ask({ versionInfo: 'newer.f2' });
    await expect.poll(() => discovery.startedWith).toContain('f2');

    const published = discovery.publish(publication('two'));
    const given = await count(1);
    expect(given.resources[0]?.value).toEqual(bytes('two'));
    answer(given);
    before.answer(await before.count(2));
    expect(await published).toEqual({ kind: 'accepted' });
  });

  it('says why it rejects them', async () => {
    await discovery.publish(publication('one'));
    const { ask, answer, count } = envoy();
    ask();
    answer(await count(1));
    const published = discovery.publish(publication('bad'));
    answer(await count(2), 'Duplicate entry');

    expect(await published).toEqual({ kind: 'rejected', reason: 'Duplicate entry' });
    expect(rejections).toEqual(['Duplicate entry']);
  });

  it('that goes away leaves nobody waiting for its answer', async () => {
    await discovery.publish(publication('one'));
    const { ask, count, stream } = envoy();
    ask();
    await count(1);
    const published = discovery.publish(publication('two'));
    await count(2);
    stream.cancel();

    expect(await published).toEqual({ kind: 'unheard' });
  });

  it('tells the next Attaché with which file it was started, and is not sent what it has', async () => {
    await discovery.publish(publication('one', 'at-start'));
    const { ask, count } = envoy();
    ask();
    const { versionInfo } = await count(1);
    await discovery.publish(publication('one', 'later'));
    expect(discovery.startedWith).toEqual(['at-start']);

    const again = envoy();
    again.ask({ versionInfo });
    await expect.poll(() => discovery.startedWith).toEqual(['at-start']);
    void discovery.publish(publication('two', 'later'));

    expect((await again.count(1)).versionInfo).toMatch(/\.at-start$/);
  });

  it('is left without a stream when Attaché ends, and so does not hold it up', async () => {
    await discovery.publish(publication('one'));
    const { ask, count, hasEnded } = envoy();
    ask();
    await count(1);

    await server.drain(60_000);

    await expect.poll(hasEnded).toBe(true);
  });
});
