import type { Forms } from '../redaction/forms.ts';
import { Redactor, redactHeader } from '../redaction/redactor.ts';
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
  #redactor: Redactor | undefined;
  #expects: 'headers' | 'body' | 'nothing' = 'headers';

  constructor(hidden: Hidden) {
    this.#hidden = hidden;
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
    if ('kind' in hidden) return encodeDenial(hidden);
    const list = headers?.headers ?? [];
    if (!endOfStream && isEncoded(list)) return encodeDenial(ENCODED);
    const removed = endOfStream ? [] : OF_THE_BODY.filter((name) => list.some(({ key }) => key === name));
    const headerMutation = mutation(hidden, list, removed);
    const response = {
      $case: 'responseHeaders',
      value: { response: { headerMutation, bodyMutation: undefined } },
    } as const;
    if (endOfStream) return encode({ response });
    this.#expects = 'body';
    hidden.enter();
    this.#redactor = new Redactor(hidden);
    return encode({ response, modeOverride: STREAMED });
  }

  #body({ body, endOfStream }: HttpBody): Buffer {
    const redactor = this.#present();
    const released = redactor.push(body);
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

function isEncoded(list: HeaderList): boolean {
  return list.some(
    ({ key, rawValue }) => key === 'content-encoding' && !/^(identity)?$/i.test(rawValue.toString('latin1').trim()),
  );
}

/** Replaces values that must not be seen, and takes out headers whose very name holds one. */
function mutation(forms: Forms, list: HeaderList, removed: readonly string[]): HeaderMutation {
  const touched = new Set<string>();
  const named = new Set<string>();
  const clean = list.map(({ key, rawValue }) => {
    const value = redactHeader(forms, rawValue);
    const name = Buffer.from(key, 'latin1');
    if (redactHeader(forms, name) !== name) named.add(key);
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
