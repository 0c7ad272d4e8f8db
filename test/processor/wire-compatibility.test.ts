import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExternalProcessorService,
  ProcessingRequest,
  ProcessingResponse,
} from '../../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import * as envoy from '../support/envoy-proto.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const fields = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  fc.oneof(text, fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
  { maxKeys: 4, noNullPrototype: true },
);
const header = fc.record({ key: text, rawValue: bytes });

describe('the trimmed protocol on the wire', () => {
  it('has the path of the service of Envoy', () => {
    expect(ExternalProcessorService.process.path).toBe(envoy.ExternalProcessor.Process?.path);
  });

  it('reads every request that Envoy writes', () => {
    const request = fc.record({
      headers: fc.array(header, { maxLength: 5 }),
      endOfStream: fc.boolean(),
      attributes: fc.dictionary(fc.constantFrom('envoy.filters.http.ext_proc', 'other'), fields, {
        noNullPrototype: true,
      }),
      metadata: fc.dictionary(fc.constantFrom('attache', 'other'), fields, { noNullPrototype: true }),
    });
    fc.assert(
      fc.property(request, ({ headers, endOfStream, attributes, metadata }) => {
        const wire = envoy.ProcessingRequest.serialize({
          requestHeaders: { headers: { headers }, endOfStream },
          metadataContext: { filterMetadata: structs(metadata) },
          attributes: structs(attributes),
          // Fields that the trimmed protocol leaves out must not disturb it.
          observabilityMode: true,
          protocolConfig: { requestBodyMode: 'STREAMED' },
        });

        const read = ProcessingRequest.decode(wire);

        expect(read.request).toEqual({ $case: 'requestHeaders', value: { headers: { headers }, endOfStream } });
        expect(read.attributes).toEqual(attributes);
        expect(read.metadataContext?.filterMetadata).toEqual(metadata);
      }),
    );
  });

  it.each(['requestTrailers'])('reads a message of the kind %s as none that it knows', (kind) => {
    const wire = envoy.ProcessingRequest.serialize({ [kind]: {} });

    expect(ProcessingRequest.decode(wire).request).toBeUndefined();
  });

  it('writes injections that Envoy reads as they are meant', () => {
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 5 }),
        fc.array(text, { maxLength: 5 }),
        fields,
        (set, removeHeaders, metadata) => {
          const wire = Buffer.from(
            ProcessingResponse.encode({
              response: {
                $case: 'requestHeaders',
                value: {
                  response: {
                    headerMutation: {
                      setHeaders: set.map((it) => ({ header: it, append: false, appendAction: 2 })),
                      removeHeaders,
                    },
                    bodyMutation: undefined,
                  },
                },
              },
              dynamicMetadata: { attache: metadata },
              modeOverride: undefined,
              overrideMessageTimeout: { seconds: 2, nanos: 250_000_000 },
            }).finish(),
          );

          const read = envoy.ProcessingResponse.deserialize(wire);

          expect(read).toMatchObject({
            response: 'requestHeaders',
            requestHeaders: {
              response: {
                headerMutation: {
                  setHeaders: set.map((it) => ({
                    header: it,
                    append: { value: false },
                    appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
                  })),
                  removeHeaders,
                },
              },
            },
            dynamicMetadata: { fields: { attache: { structValue: struct(metadata) } } },
            overrideMessageTimeout: { seconds: 2, nanos: 250_000_000 },
          });
        },
      ),
    );
  });

  it('writes refusals that Envoy reads as they are meant', () => {
    fc.assert(
      fc.property(fc.constantFrom(403, 500, 502, 503), bytes, text, header, (code, body, details, it) => {
        const wire = Buffer.from(
          ProcessingResponse.encode({
            response: {
              $case: 'immediateResponse',
              value: {
                status: { code },
                headers: { setHeaders: [{ header: it, append: false, appendAction: 2 }], removeHeaders: [] },
                body,
                grpcStatus: { status: code % 17 },
                details,
              },
            },
            dynamicMetadata: undefined,
            modeOverride: undefined,
            overrideMessageTimeout: undefined,
          }).finish(),
        );

        expect(envoy.ProcessingResponse.deserialize(wire)).toMatchObject({
          response: 'immediateResponse',
          immediateResponse: {
            status: { code: STATUS_NAMES[code] },
            body,
            grpcStatus: { status: code % 17 },
            details,
            headers: {
              setHeaders: [{ header: it, append: { value: false }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
            },
          },
        });
      }),
    );
  });
});

const STATUS_NAMES: Record<number, string> = {
  403: 'Forbidden',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
};

/** Plain values as google.protobuf.Struct spells them. */
function struct(values: Record<string, unknown>): object {
  return { fields: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, protoValue(value)])) };
}

function structs(of: Record<string, Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(of).map(([key, values]) => [key, struct(values)]));
}

function protoValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { numberValue: value };
  return { nullValue: 'NULL_VALUE' };
}
