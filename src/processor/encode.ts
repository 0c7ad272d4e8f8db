import type { Injection } from '../credentials/injection.ts';
import { shortVersionId } from '../secrets/secret-version.ts';
import { type Answer, DENIALS, type Denied, type Injected } from './answer.ts';
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type HeaderValueOption,
} from './gen/envoy/config/core/v3/base.ts';
import { ProcessingResponse } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { NAMESPACE } from './request-facts.ts';

/** Bytes of answers that were given before, by what they do: they live as long as the secret's version does. */
const encoded = { final: new WeakMap<Injection, Buffer>(), retriable: new WeakMap<Injection, Buffer>() };

/** The answer as Envoy reads it. An injection is encoded once; after that its bytes are handed out again. */
export function encodeAnswer(answer: Answer): Buffer {
  if (answer.kind === 'deny') return encodeDenial(answer);
  if (answer.tried !== undefined) return encodeInjection(answer, answer.tried);
  const known = answer.final ? encoded.final : encoded.retriable;
  let bytes = known.get(answer.injection);
  if (bytes === undefined) {
    bytes = encodeInjection(answer, [answer.version]);
    known.set(answer.injection, bytes);
  }
  return bytes;
}

/** Asks Envoy to wait for the answer this much longer, in ms, counted from now. Envoy grants it once a message. */
export function encodeRequestForTime(ms: number): Buffer {
  return encode({
    overrideMessageTimeout: { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 },
    response: undefined,
    dynamicMetadata: undefined,
  });
}

/** What was tried comes back with the next attempt, so that nothing has to be remembered here. */
function encodeInjection(
  { injection, integration, secret, version, final }: Injected,
  tried: readonly string[],
): Buffer {
  const headerMutation = {
    setHeaders: injection.set.map(({ name, value }) => overwrite(name, value)),
    removeHeaders: [...injection.remove],
  };
  return encode({
    response: { $case: 'requestHeaders', value: { response: { headerMutation } } },
    dynamicMetadata: {
      [NAMESPACE]: {
        integration,
        secret,
        version: shortVersionId(version),
        tried,
        ...(final ? { final: 'true' } : {}),
      },
    },
    overrideMessageTimeout: undefined,
  });
}

function encodeDenial({ code, message, integration, reason, retryAfter }: Denied): Buffer {
  const setHeaders = [text('content-type', 'application/json'), text('x-attache-error', code)];
  if (retryAfter !== undefined) setHeaders.push(text('retry-after', String(retryAfter)));
  return encode({
    response: {
      $case: 'immediateResponse',
      value: {
        status: { code: DENIALS[code] },
        headers: { setHeaders, removeHeaders: [] },
        body: Buffer.from(`${JSON.stringify({ error: { code, integration, message } })}\n`),
        details: `attache_${code}`,
      },
    },
    dynamicMetadata: {
      attache: {
        ...(integration === undefined ? {} : { integration }),
        code,
        ...(reason === undefined ? {} : { reason }),
      },
    },
    overrideMessageTimeout: undefined,
  });
}

function text(name: string, value: string): HeaderValueOption {
  return overwrite(name, Buffer.from(value));
}

/** Envoy heeds `append` and ignores `append_action`; other proxies do the opposite, and their default is to append. */
function overwrite(name: string, value: Buffer): HeaderValueOption {
  return { header: { key: name, rawValue: value }, append: false, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD };
}

function encode(response: ProcessingResponse): Buffer {
  return Buffer.from(ProcessingResponse.encode(response).finish());
}
