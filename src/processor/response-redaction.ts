import type { Forms } from '../redaction/forms.ts';
import { headerRedactor, Redactor } from '../redaction/redactor.ts';
import type { Denied } from './answer.ts';
import { encode, encodeDenial } from './encode.ts';
import { HeaderValueOption_HeaderAppendAction as Append } from './gen/envoy/config/core/v3/base.ts';
import {
  ProcessingMode_BodySendMode as Body,
  ProcessingMode_HeaderSendMode as Send,
} from './gen/envoy/extensions/filters/http/ext_proc/v3/processing_mode.ts';
import type {
  BodyMutation,
  HeaderMutation,
  HttpBody,
  HttpHeaders,
  HttpTrailers,
  ProcessingRequest,
} from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { GrpcMessages } from './grpc-messages.ts';

type HeaderList = NonNullable<HttpHeaders['headers']>['headers'];

/** What one response may hold: nothing that must be hidden, forms of what must be, or no way to tell. */
export type Hidden = 'nothing' | Forms | Denied;

/** Headers that tell of a body as it was before. */
const OF_THE_BODY = ['content-length', 'etag', 'digest', 'content-digest', 'repr-digest', 'content-md5'];

/**
 * One response, message by message: its headers, its body in pieces as they come, its trailers. What must not come back is
 * replaced in all of them.
 */
export class ResponseRedaction {
  readonly #hidden: Hidden;
  readonly #integration: string | undefined;
  readonly #denied: (it: Denied) => void;
  #redactor: Redactor | undefined;
  /** There for a body of gRPC. Messages keep their lengths then, and nothing is held back beyond the end of one. */
  #messages: GrpcMessages | undefined;
  #expects: 'headers' | 'body' | 'nothing' = 'headers';

  /**
   * @param integration the one that the route names.
   * @param denied is told when the response is not passed on.
   */
  constructor(hidden: Hidden, integration: string | undefined, denied: (it: Denied) => void) {
    this.#hidden = hidden;
    this.#integration = integration;
    this.#denied = denied;
  }

  /**
   * The answer to a message.
   *
   * @throws Error for a message out of its order; the response must then not go on.
   */
  answer({ request }: ProcessingRequest): Buffer {
    if (request?.$case === 'responseHeaders' && this.#expects === 'headers') return this.#headers(request.value);
    if (request?.$case === 'responseBody' && this.#expects === 'body') return this.#body(request.value);
    if (request?.$case === 'responseTrailers' && this.#expects === 'body') return this.#trailers(request.value);
    throw new Error(`a message of the kind ${request?.$case ?? 'unknown'} out of its order`);
  }

  /** Whether no further message is needed. */
  get isDone(): boolean {
    return this.#expects === 'nothing';
  }

  /** Gives up what is held back. */
  close(): void {
    if (this.#redactor === undefined) return;
    this.#redactor.wipe();
    this.#redactor = undefined;
    if (typeof this.#hidden === 'object' && !('kind' in this.#hidden)) this.#hidden.leave();
  }

  #headers({ headers, endOfStream }: HttpHeaders): Buffer {
    const hidden = this.#hidden;
    this.#expects = 'nothing';
    if (hidden === 'nothing') return encode({ response: { $case: 'responseHeaders', value: { response: undefined } } });
    if ('kind' in hidden) return this.#deny(hidden);
    const list = headers?.headers ?? [];
    if (list.some(({ key, rawValue }) => key === ':status' && rawValue.toString() === '101'))
      return this.#deny(UPGRADED);
    if (!endOfStream && isEncoded(list)) return this.#deny(ENCODED);
    if (list.some(({ key, rawValue }) => key === 'content-type' && GRPC.test(rawValue.toString('latin1'))))
      this.#messages = new GrpcMessages();
    const removed = endOfStream ? [] : OF_THE_BODY.filter((name) => list.some(({ key }) => key === name));
    const headerMutation = mutation(hidden, list, removed);
    const response = {
      $case: 'responseHeaders',
      value: { response: { headerMutation, bodyMutation: undefined } },
    } as const;
    if (endOfStream) return encode({ response });
    this.#expects = 'body';
    hidden.enter();
    this.#redactor = new Redactor(hidden, { keepsLength: this.#messages !== undefined });
    return encode({ response, modeOverride: STREAMED });
  }

  #deny(it: Denied): Buffer {
    const full = this.#integration === undefined ? it : { ...it, integration: this.#integration };
    this.#denied(full);
    return encodeDenial(full);
  }

  #body({ body, endOfStream }: HttpBody): Buffer {
    const redactor = this.#present();
    const released = this.#messages === undefined ? redactor.push(body) : inMessages(redactor, this.#messages, body);
    if (!endOfStream) return bodyAnswer(body, released);
    const rest = redactor.end();
    this.close();
    this.#expects = 'nothing';
    return bodyAnswer(body, rest.length === 0 ? released : Buffer.concat([released, rest]));
  }

  #trailers({ trailers }: HttpTrailers): Buffer {
    const hidden = this.#hidden;
    const rest = this.#present().end();
    this.close();
    this.#expects = 'nothing';
    if (hidden === 'nothing' || 'kind' in hidden || rest.length > 0)
      throw new Error(
        'the body ended with what may be the beginning of a secret, and trailers leave no room to send it',
      );
    const headerMutation = mutation(hidden, trailers?.headers ?? [], []);
    return encode({ response: { $case: 'responseTrailers', value: { headerMutation } } });
  }

  #present(): Redactor {
    if (this.#redactor === undefined) throw new Error('a body without a beginning');
    return this.#redactor;
  }
}

/** gRPC, and gRPC-Web unless the whole of it is in base64. */
const GRPC = /^application\/grpc(?!-web-text)/i;

/** No value reaches from one message into the next, whose length stands between them. */
function inMessages(redactor: Redactor, messages: GrpcMessages, body: Buffer): Buffer {
  const parts = messages.cut(body).flatMap(({ bytes, isEnd }) => {
    const released = redactor.push(bytes);
    return isEnd ? [released, redactor.end()] : [released];
  });
  return Buffer.concat(parts);
}

const UPGRADED: Denied = {
  kind: 'deny',
  code: 'request_not_allowed',
  message:
    'What goes over a WebSocket cannot be searched for the secret, so none is opened. Take redact away from this integration, or do without the upgrade.',
};

const ENCODED: Denied = {
  kind: 'deny',
  code: 'response_unreadable',
  message:
    'The destination has compressed its response although nobody asked for it, so the secret in it could not be looked for. Take redact away from this integration, or have the destination send plain text.',
};

const STREAMED = {
  requestHeaderMode: Send.SKIP,
  responseHeaderMode: Send.SEND,
  requestBodyMode: Body.NONE,
  responseBodyMode: Body.STREAMED,
  requestTrailerMode: Send.SKIP,
  responseTrailerMode: Send.SEND,
};

/** Headers that say how a body is compressed: of HTTP, of gRPC, and of Connect for its streams. */
const ENCODINGS = ['content-encoding', 'grpc-encoding', 'connect-content-encoding'];

function isEncoded(list: HeaderList): boolean {
  return list.some(
    ({ key, rawValue }) => ENCODINGS.includes(key) && !/^(identity)?$/i.test(rawValue.toString('latin1').trim()),
  );
}

/** Replaces values that must not be seen, and takes out headers whose very name holds one. */
function mutation(forms: Forms, list: HeaderList, removed: readonly string[]): HeaderMutation {
  const touched = new Set<string>();
  const named = new Set<string>();
  const redact = headerRedactor(forms);
  const clean = list.map(({ key, rawValue }) => {
    const value = redact(rawValue);
    const name = Buffer.from(key, 'latin1');
    if (redact(name) !== name) named.add(key);
    if (value !== rawValue) touched.add(key);
    return { key, value };
  });
  return {
    // Removed first and then added one by one, a header that is repeated keeps all of its values.
    removeHeaders: [...removed, ...touched, ...named].filter((key) => !key.startsWith(':')),
    setHeaders: clean
      .filter(({ key }) => touched.has(key) && !named.has(key))
      .map(({ key, value }) => ({
        header: { key, rawValue: value },
        append: true,
        appendAction: Append.APPEND_IF_EXISTS_OR_ADD,
      })),
  };
}

function bodyAnswer(before: Buffer, after: Buffer): Buffer {
  if (after === before) return UNCHANGED;
  const change: BodyMutation =
    after.length === 0
      ? { mutation: { $case: 'clearBody', value: true } }
      : { mutation: { $case: 'body', value: after } };
  return encode({
    response: { $case: 'responseBody', value: { response: { headerMutation: undefined, bodyMutation: change } } },
  });
}

const UNCHANGED = encode({ response: { $case: 'responseBody', value: { response: undefined } } });
