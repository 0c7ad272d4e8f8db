import { type ServerDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import type { Answer } from './answer.ts';
import { encodeAnswer, encodeRequestForTime } from './encode.ts';
import type { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { type RequestFacts, requestFacts } from './request-facts.ts';

/** Decides what becomes of a request: at once when it can, later when it must wait for a secret. */
export type Decide = (facts: RequestFacts) => Answer | Promise<Answer>;

/** What a stream needs from around it. */
export interface StreamContext {
  readonly decide: Decide;
  /** How much time to ask Envoy for when an answer has to wait, in ms. */
  readonly patience: number;
  /** Told of each answer as it is written. */
  readonly answered: (answer: Answer) => void;
  /** Told of an exception in `decide`. */
  readonly failed: (error: unknown) => void;
}

/**
 * One stream: Envoy asks about one attempt of one request and gets one answer. Envoy takes a stream that ends well before its
 * answer as leave to send the request as it is, so every way out before the answer is an error status.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
 */
export function serveStream(call: ServerDuplexStream<ProcessingRequest, Buffer>, context: StreamContext): void {
  let asked = false;
  let answered = false;
  let halfClosed = false;
  let finished = false;

  const endWell = () => {
    if (finished) return;
    finished = true;
    call.end();
  };

  const answer = (result: Answer) => {
    if (finished) return;
    call.write(encodeAnswer(result));
    answered = true;
    context.answered(result);
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

  const ask = (request: ProcessingRequest) => {
    if (asked)
      return fail(status.INVALID_ARGUMENT, 'a second message: set response_header_mode: SKIP and all body modes NONE');
    asked = true;
    if (request.request?.$case !== 'requestHeaders') {
      return fail(
        status.INVALID_ARGUMENT,
        'not about request headers: set request_header_mode: SEND and response_header_mode: SKIP',
      );
    }
    const result = context.decide(requestFacts(request, request.request.value));
    if (!(result instanceof Promise)) return answer(result);
    call.write(encodeRequestForTime(context.patience));
    result.then(answer).catch(crash);
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
    else if (!asked) fail(status.INVALID_ARGUMENT, 'the stream ended before it asked anything');
  });
  call.on('cancelled', () => {
    finished = true;
  });
}
