import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrpcMessages } from '../../src/processor/grpc-messages.ts';

function message(body: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

describe('the messages of a gRPC body', () => {
  it('are found however the body is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(200), { maxLength: 12 }),
        (bodies, cuts) => {
          const messages = bodies.map((body) => message(body));
          const whole = Buffer.concat(messages);
          const places = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b), whole.length];
          const finder = new GrpcMessages();

          const pieces = places.slice(1).flatMap((to, index) => finder.cut(whole.subarray(places[index], to)));

          const found: Buffer[] = [];
          let open: Buffer[] = [];
          for (const { bytes, isEnd } of pieces) {
            open.push(bytes);
            if (!isEnd) continue;
            found.push(Buffer.concat(open));
            open = [];
          }
          expect(open).toEqual([]);
          expect(found).toEqual(messages);
        },
      ),
    );
  });

  it('are refused when they are compressed', () => {
    expect(() => new GrpcMessages().cut(message(Buffer.from('x'), 1))).toThrow('compressed');
  });

  it('may be trailers, as gRPC-Web has them', () => {
    expect(new GrpcMessages().cut(message(Buffer.from('grpc-status:0'), 0x80))).toMatchObject([{ isEnd: true }]);
  });
});
