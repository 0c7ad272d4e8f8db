import { DENIALS, type Denied } from './answer.ts';

/** What a refusal is sent as. */
export interface DenialBody {
  readonly contentType: string;
  readonly body: Buffer;
  /** The status of gRPC; absent for all else. */
  readonly grpcStatus?: number;
}

/** A refusal in the form in which its client reads it. */
export function denialBody(denied: Denied): DenialBody {
  const { code, message, integration } = denied;
  const error = { code, integration, message };
  switch (denied.dialect) {
    case 'grpc':
      // Envoy makes the headers out of it, without a body.
      return { contentType: 'application/grpc', body: Buffer.from(message), grpcStatus: grpcStatus(denied) };
    case 'aws-json':
      return json({ __type: code, message, error });
    case 'aws-cbor':
      return { contentType: 'application/cbor', body: cborMap({ __type: code, message }) };
    case 'aws-query':
      return xml(`<ErrorResponse><Error><Type>Sender</Type>${elements(denied)}</Error></ErrorResponse>`);
    case 'aws-ec2':
      return xml(`<Response><Errors><Error>${elements(denied)}</Error></Errors></Response>`);
    case 's3':
      return xml(`<Error>${elements(denied)}</Error>`);
    default:
      return json({ error });
  }
}

function json(value: unknown): DenialBody {
  return { contentType: 'application/json', body: Buffer.from(`${JSON.stringify(value)}\n`) };
}

/** @see https://grpc.io/docs/guides/status-codes/ */
function grpcStatus({ code }: Denied): number {
  switch (DENIALS[code]) {
    case 403:
      return 7; // PERMISSION_DENIED
    case 503:
      return 14; // UNAVAILABLE, which clients try again
    default:
      return 9; // FAILED_PRECONDITION
  }
}

function xml(text: string): DenialBody {
  return { contentType: 'text/xml', body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`) };
}

function elements({ code, message }: Denied): string {
  return `<Code>${code}</Code><Message>${escaped(message)}</Message>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A map of texts in CBOR (RFC 8949, section 3.1). */
function cborMap(entries: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(entries).flat().map(cborText);
  return Buffer.concat([Buffer.of(0xa0 + texts.length / 2), ...texts]);
}

/** A text with its length in four bytes, which is allowed for shorter ones too. */
function cborText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.of(0x7a, 0, 0, 0, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
