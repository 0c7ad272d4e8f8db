import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import { shortVersionId } from '../secrets/secret-version.ts';
import { type Answer, DENIALS, type Denied, type Injected, type Replied } from './answer.ts';
import { NAMESPACE, recordOf } from './attempts.ts';
import { denialBody } from './denial-body.ts';
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type HeaderValueOption,
} from './gen/envoy/config/core/v3/base.ts';
import {
  ProcessingMode_BodySendMode as Body,
  ProcessingMode_HeaderSendMode as Send,
} from './gen/envoy/extensions/filters/http/ext_proc/v3/processing_mode.ts';
import { ProcessingResponse } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { SEALED_NAMESPACE } from './request-facts.ts';

/** For how many kinds of callers the bytes of one injection are remembered. */
const MOST_CALLERS = 256;

/** What Envoy has asked about: its answer must be of the same kind. */
export type Question = 'requestHeaders' | 'requestBody';

/** What an injection carries that must not come back, sealed, by the id of its version or token; undefined when all of it may. */
export type SealHidden = (answer: Injected) => Readonly<Record<string, readonly string[]>> | undefined;

/** The answer as Envoy reads it. An injection that serves many requests is encoded once; then its bytes are handed out again. */
export function encodeAnswer(answer: Answer, question: Question, seal: SealHidden): Buffer {
  if (answer.kind === 'deny') return encodeDenial(answer);
  if (answer.kind === 'reply') return encodeReply(answer);
  const { encoded } = answer.injection;
  if (encoded === undefined || servesOnce(answer, question)) {
    const bytes = encodeInjection(answer, question, seal(answer));
    // It was put together for this request alone, and may hold a part of a secret.
    for (const { name, value } of answer.injection.set) if (name === ':path') value.fill(0);
    return bytes;
  }
  const key = keyOf(answer);
  let bytes = encoded.get(key);
  if (bytes === undefined) {
    bytes = encodeInjection(answer, question, seal(answer));
    if (encoded.size >= MOST_CALLERS) encoded.clear();
    encoded.set(key, bytes);
  }
  return bytes;
}

/** Whether the bytes of an answer are of use for this one request alone, and so are overwritten once they are sent. */
export function servesOnce(answer: Answer, question: Question): boolean {
  if (answer.kind !== 'inject') return false;
  const { before, injection } = answer;
  return before !== undefined || question !== 'requestHeaders' || injection.encoded === undefined;
}

/** What the bytes of a first answer depend on, besides its injection. Rules begin with no blank. */
function keyOf({ caller, final }: Injected): string {
  const by = caller === undefined ? '' : caller.instance === undefined ? caller.by : `${caller.by} ${caller.instance}`;
  return final ? ` ${by}` : by;
}

/** Asks Envoy to hand over the whole body before the request goes on. */
export function encodeRequestForBody(): Buffer {
  return WHOLE_BODY;
}

/** Asks Envoy to wait for the answer this much longer, in ms, counted from now. Envoy grants it once a message. */
export function encodeRequestForTime(ms: number): Buffer {
  return encode({
    overrideMessageTimeout: { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 },
  });
}

/** What was tried comes back with the next attempt, so that nothing has to be remembered here. */
function encodeInjection(
  { injection, integration, secret, version, final, before, links, caller }: Injected,
  question: Question,
  sealed: ReturnType<SealHidden>,
): Buffer {
  const headerMutation = {
    setHeaders: injection.set.map(({ name, value, append }) => (append ? beside : overwrite)(name, value)),
    removeHeaders: [...injection.remove],
  };
  return encode({
    response: { $case: question, value: { response: { headerMutation, bodyMutation: undefined } } },
    dynamicMetadata: {
      [NAMESPACE]: {
        decision: 'injected',
        integration,
        secret,
        version: shortVersionId(version),
        ...recordOf(before ?? [], version, injection.tokens),
        // An earlier attempt may have said that its answer is final, and keys stay until they are written anew.
        ...(final ? { final: 'true' } : before === undefined ? {} : { final: '' }),
        ...(links === undefined ? {} : { links }),
        ...(caller === undefined ? {} : { caller: caller.by }),
        ...(caller?.instance === undefined ? {} : { instance: caller.instance }),
      },
      // Envoy adds the keys of each attempt to those of the attempts before it.
      ...(sealed === undefined ? {} : { [SEALED_NAMESPACE]: sealed }),
    },
  });
}

export function encodeDenial(denied: Denied): Buffer {
  const { code, integration, secret, caller, reason, retryAfter } = denied;
  const { contentType, body, grpcStatus } = denialBody(denied);
  const setHeaders = [text('content-type', contentType), text('x-attache-error', code)];
  if (retryAfter !== undefined) setHeaders.push(text('retry-after', String(retryAfter)));
  return encode({
    response: {
      $case: 'immediateResponse',
      value: {
        status: { code: DENIALS[code] },
        headers: { setHeaders, removeHeaders: [] },
        body,
        grpcStatus: grpcStatus === undefined ? undefined : { status: grpcStatus },
        details: `attache_${code}`,
      },
    },
    dynamicMetadata: {
      [NAMESPACE]: {
        decision: 'denied',
        ...(integration === undefined ? {} : { integration }),
        ...(secret === undefined ? {} : { secret }),
        ...(caller === undefined ? {} : { caller }),
        code,
        ...(reason === undefined ? {} : { reason }),
      },
    },
  });
}

function encodeReply({ about, status, headers, body }: Replied): Buffer {
  const setHeaders = Object.entries(headers).map(([name, value]) => text(name, value));
  return encode({
    response: {
      $case: 'immediateResponse',
      value: {
        status: { code: status },
        headers: { setHeaders, removeHeaders: [] },
        body: Buffer.from(body),
        grpcStatus: undefined,
        details: `attache_${about}`,
      },
    },
    dynamicMetadata: { [NAMESPACE]: { about } },
  });
}

function text(name: string, value: string): HeaderValueOption {
  return overwrite(name, Buffer.from(value));
}

/** Envoy heeds `append` and ignores `append_action`; other proxies do the opposite, and their default is to append. */
export function overwrite(name: string, value: Buffer): HeaderValueOption {
  return { header: { key: name, rawValue: value }, append: false, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD };
}

/** A line of its own, whether or not the request has others of that name. */
function beside(name: string, value: Buffer): HeaderValueOption {
  return { header: { key: name, rawValue: value }, append: true, appendAction: Append.APPEND_IF_EXISTS_OR_ADD };
}

/** A message to Envoy; what is left out of it is not sent. */
export function encode(response: Partial<ProcessingResponse>): Buffer {
  const nothing = {
    response: undefined,
    dynamicMetadata: undefined,
    modeOverride: undefined,
    overrideMessageTimeout: undefined,
  };
  const { buffer, byteOffset, byteLength } = ProcessingResponse.encode({ ...nothing, ...response }).finish();
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * Should Envoy send the request on instead of asking again, it bears nothing of the caller's own and an authorization that no
 * destination takes. The answer to the body replaces or removes that.
 */
const WHOLE_BODY = encode({
  response: {
    $case: 'requestHeaders',
    value: {
      response: {
        headerMutation: {
          setHeaders: [text('authorization', 'attache-awaits-the-body')],
          removeHeaders: ALWAYS_STRIPPED.filter((name) => name !== 'authorization'),
        },
        bodyMutation: undefined,
      },
    },
  },
  modeOverride: {
    requestHeaderMode: Send.SEND,
    responseHeaderMode: Send.SKIP,
    requestBodyMode: Body.BUFFERED,
    responseBodyMode: Body.NONE,
    requestTrailerMode: Send.SEND,
    responseTrailerMode: Send.SKIP,
  },
});
