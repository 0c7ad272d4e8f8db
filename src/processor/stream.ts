import { status } from '@grpc/grpc-js';
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

/** One call of Envoy's, as what speaks gRPC for it lets it be answered. What comes after its end is ignored. */
export interface Call {
  /**
   * Sends a message.
   *
   * @param once whether its bytes are of use for this one call alone: they are overwritten then.
   */
  send(message: Buffer, once?: boolean): void;
  /** Ends it with OK. */
  end(): void;
  /** Ends it with an error status. */
  fail(code: status, details: string): void;
}

/**
 * One stream: Envoy asks about one attempt of one request and gets one answer. When the request's body is needed for it, Envoy is
 * asked for that first. Envoy takes a stream that ends well before its answer as leave to send the request as it is, so
 * every way out before the answer is an error status.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
 */
export class ProcessorStream {
  readonly #call: Call;
  readonly #context: StreamContext;
  /** What the next message must be about. */
  #expected: Question | 'response' | 'nothing' = 'requestHeaders';
  #response: ResponseRedaction | undefined;
  #asked: { readonly message: ProcessingRequest; readonly headers: HttpHeaders } | undefined;
  #answered = false;
  #halfClosed = false;
  #finished = false;

  constructor(call: Call, context: StreamContext) {
    this.#call = call;
    this.#context = context;
  }

  /** Envoy has sent a message. */
  message(message: ProcessingRequest): void {
    if (this.#finished) return;
    try {
      this.#ask(message);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Envoy sends no more. */
  halfClosed(): void {
    this.#halfClosed = true;
    const expected = this.#expected;
    if (this.#answered) this.#endWell();
    else if (expected === 'requestHeaders') this.#invalid('the stream ended before it asked anything');
    else if (expected === 'requestBody') this.#invalid(NO_BODY);
    else if (expected === 'response') this.#invalid('the stream ended before the response did');
  }

  /** The call is over, however it has ended. */
  closed(): void {
    this.#finished = true;
    this.#response?.close();
  }

  #ask(message: ProcessingRequest): void {
    const { request } = message;
    if (this.#expected === 'requestHeaders' && request?.$case === 'responseHeaders') {
      this.#expected = 'response';
      const facts = responseFacts(message);
      const { hidden, withheld } = this.#context;
      this.#response = new ResponseRedaction(hidden(facts), facts.integration, withheld);
    }
    const expected = this.#expected;
    if (this.#response !== undefined) {
      this.#call.send(this.#response.answer(message));
      this.#answered = this.#response.isDone;
    } else if (expected === 'nothing') {
      this.#invalid('a message too many: set response_header_mode: SKIP and all body modes NONE');
    } else if (request === undefined || request.$case !== expected) {
      this.#invalid(expected === 'requestBody' ? NO_BODY : NO_HEADERS);
    } else if (request.$case === 'requestHeaders') {
      this.#expected = 'nothing';
      this.#asked = { message, headers: request.value };
      this.#decide(requestFacts(message, request.value), 'requestHeaders');
    } else {
      this.#expected = 'nothing';
      if (!request.value.endOfStream) this.#invalid(NO_BODY);
      else if (this.#asked !== undefined) {
        const { message: first, headers } = this.#asked;
        this.#decide(requestFacts(first, headers, request.value.body), 'requestBody');
      }
    }
  }

  #decide(about: RequestFacts, question: Question): void {
    const result = this.#context.decide(about);
    if (result instanceof Promise) this.#wait(result, about, question);
    else this.#take(result, about, question);
  }

  #wait(result: Promise<Decision>, about: RequestFacts, question: Question): void {
    let settled = false;
    // What needs no more than this turn is answered before Envoy is asked for more time.
    setImmediate(() => {
      if (!settled && !this.#finished) this.#call.send(encodeRequestForTime(this.#context.patience));
    });
    result
      .then((decision) => {
        settled = true;
        this.#take(decision, about, question);
      })
      .catch((error) => this.#crash(error));
  }

  #take(decision: Decision, about: RequestFacts, question: Question): void {
    if (this.#finished) return;
    if (decision.kind !== 'read-body') {
      this.#answer(decision, about, question);
      return;
    }
    if (question === 'requestBody') throw new Error('a body that was read is asked for again');
    this.#expected = 'requestBody';
    if (this.#halfClosed) this.#invalid(NO_BODY);
    else this.#call.send(encodeRequestForBody());
  }

  #answer(result: Answer, about: RequestFacts, question: Question): void {
    this.#call.send(encodeAnswer(result, question, this.#context.seal), servesOnce(result, question));
    this.#answered = true;
    this.#context.answered(result, about);
    if (this.#halfClosed) this.#endWell();
  }

  #endWell(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#call.end();
  }

  #invalid(details: string): void {
    this.#fail(status.INVALID_ARGUMENT, details);
  }

  #crash(error: unknown): void {
    this.#context.failed(error);
    this.#fail(status.INTERNAL, 'Attaché failed inside; see its log');
  }

  #fail(code: status, details: string): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#call.fail(code, details);
  }
}

const NO_HEADERS = 'not about request headers: set request_header_mode: SEND and response_header_mode: SKIP';
const NO_BODY =
  'the whole body was asked for and did not come: set allow_mode_override: true; a request with trailers cannot be signed';
