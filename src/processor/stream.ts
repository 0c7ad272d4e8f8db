import { type ServerDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import type { Answer, Decision, Denied } from './answer.ts';
import {
  encodeAnswer,
  encodeRequestForBody,
  encodeRequestForTime,
  type Question,
  type SealHidden,
  servesOnce,
} from './encode.ts';
import type { HttpHeaders, ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { type RequestFacts, requestFacts } from './request-facts.ts';
import { type ResponseFacts, responseFacts } from './response-facts.ts';
import { type Hidden, ResponseRedaction } from './response-redaction.ts';

/** Decides what becomes of a request: at once when it can, later when it must wait for a secret. */
export type Decide = (facts: RequestFacts) => Decision | Promise<Decision>;

/** What a stream needs from around it. */
export interface StreamContext {
  readonly decide: Decide;
  /** What a response may hold that must not come back. */
  readonly hidden: (facts: ResponseFacts) => Hidden;
  readonly seal: SealHidden;
  /** How much time to ask Envoy for when an answer has to wait, in ms. */
  readonly patience: number;
  /** Told of each answer as it is written, and of what it is about. */
  readonly answered: (answer: Answer, facts: RequestFacts) => void;
  /** Told of each response that is not passed on. */
  readonly withheld: (answer: Denied) => void;
  /** Told of an exception in `decide`. */
  readonly failed: (error: unknown) => void;
}

/**
 * One stream: Envoy asks about one attempt of one request and gets one answer. When the request's body is needed for it, Envoy is
 * asked for that first. Envoy takes a stream that ends well before its answer as leave to send the request as it is, so
 * every way out before the answer is an error status.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
 */
export function serveStream(call: ServerDuplexStream<ProcessingRequest, Buffer>, context: StreamContext): void {
  /** What the next message must be about. */
  let expected: Question | 'response' | 'nothing' = 'requestHeaders';
  let response: ResponseRedaction | undefined;
  let asked: { readonly message: ProcessingRequest; readonly headers: HttpHeaders } | undefined;
  let answered = false;
  let halfClosed = false;
  let finished = false;

  const endWell = () => {
    if (finished) return;
    finished = true;
    call.end();
  };

  const answer = (result: Answer, about: RequestFacts, question: Question) => {
    if (finished) return;
    send(call, encodeAnswer(result, question, context.seal), servesOnce(result, question));
    answered = true;
    context.answered(result, about);
    if (halfClosed) endWell();
  };

  const fail = (code: status, details: string) => {
    if (finished) return;
    finished = true;
    call.emit('error', { code, details } satisfies Partial<StatusObject>);
  };

  const crash = (error: unknown) => {
    context.failed(error);
    fail(status.INTERNAL, 'Attaché failed inside; see its log');
  };

  const take = (decision: Decision, about: RequestFacts, question: Question) => {
    if (finished) return;
    if (decision.kind !== 'read-body') return answer(decision, about, question);
    if (question === 'requestBody') throw new Error('a body that was read is asked for again');
    expected = 'requestBody';
    if (halfClosed) return fail(status.INVALID_ARGUMENT, NO_BODY);
    call.write(encodeRequestForBody());
  };

  const decide = (about: RequestFacts, question: Question) => {
    const result = context.decide(about);
    if (!(result instanceof Promise)) return take(result, about, question);
    let settled = false;
    // What needs no more than this turn is answered before Envoy is asked for more time.
    setImmediate(() => {
      if (!settled && !finished) call.write(encodeRequestForTime(context.patience));
    });
    result
      .then((decision) => {
        settled = true;
        take(decision, about, question);
      })
      .catch(crash);
  };

  const ask = (message: ProcessingRequest) => {
    const { request } = message;
    if (expected === 'requestHeaders' && request?.$case === 'responseHeaders') {
      expected = 'response';
      const facts = responseFacts(message);
      response = new ResponseRedaction(context.hidden(facts), facts.integration, context.withheld);
    }
    if (response !== undefined) {
      call.write(response.answer(message));
      answered = response.isDone;
      return;
    }
    if (expected === 'nothing')
      return fail(
        status.INVALID_ARGUMENT,
        'a message too many: set response_header_mode: SKIP and all body modes NONE',
      );
    if (request?.$case !== expected) {
      return fail(status.INVALID_ARGUMENT, expected === 'requestBody' ? NO_BODY : NO_HEADERS);
    }
    expected = 'nothing';
    if (request.$case === 'requestHeaders') {
      asked = { message, headers: request.value };
      return decide(requestFacts(message, request.value), 'requestHeaders');
    }
    if (!request.value.endOfStream) return fail(status.INVALID_ARGUMENT, NO_BODY);
    if (asked !== undefined) decide(requestFacts(asked.message, asked.headers, request.value.body), 'requestBody');
  };

  call.on('data', (request: ProcessingRequest) => {
    try {
      ask(request);
    } catch (error) {
      crash(error);
    }
  });
  call.on('end', () => {
    halfClosed = true;
    if (answered) endWell();
    else if (expected === 'requestHeaders') fail(status.INVALID_ARGUMENT, 'the stream ended before it asked anything');
    else if (expected === 'requestBody') fail(status.INVALID_ARGUMENT, NO_BODY);
    else if (expected === 'response') fail(status.INVALID_ARGUMENT, 'the stream ended before the response did');
  });
  call.on('cancelled', () => {
    finished = true;
    response?.close();
  });
}

/** What a secret is in is overwritten once it is sent, by the version that it is of or, when it serves once, here. */
function send(call: ServerDuplexStream<ProcessingRequest, Buffer>, bytes: Buffer, once: boolean): void {
  const waits = call.writableLength > 0;
  if (!waits && !once) {
    call.write(bytes);
    return;
  }
  // A version may be let go of before its turn to be written comes.
  const own = once ? bytes : Buffer.from(bytes);
  call.write(own, () => own.fill(0));
}

const NO_HEADERS = 'not about request headers: set request_header_mode: SEND and response_header_mode: SKIP';
const NO_BODY =
  'the whole body was asked for and did not come: set allow_mode_override: true; a request with trailers cannot be signed';
