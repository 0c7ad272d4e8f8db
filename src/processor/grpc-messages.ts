/** A part of a body, and whether a message ends with it. */
export interface Piece {
  readonly bytes: Buffer;
  readonly isEnd: boolean;
}

/** Length of what stands before each message: a byte that says whether it is compressed, and its length in four bytes. */
const PREFIX = 5;

/**
 * Finds the ends of messages in a body of gRPC, however it is cut into chunks.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export class GrpcMessages {
  #prefix = Buffer.alloc(0);
  /** How many bytes of the message are still to come; undefined while its prefix is. */
  #left: number | undefined;

  /**
   * The chunk in pieces, none of which reaches beyond the end of a message.
   *
   * @throws Error for a message that is compressed: it cannot be searched.
   */
  cut(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let begin = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === undefined) {
        const more = chunk.subarray(at, at + PREFIX - this.#prefix.length);
        this.#prefix = Buffer.concat([this.#prefix, more]);
        at += more.length;
        if (this.#prefix.length < PREFIX) break;
        if (((this.#prefix[0] ?? 0) & 1) === 1)
          throw new Error(
            'a message is compressed although nobody asked for it, so what was injected could not be looked for',
          );
        this.#left = this.#prefix.readUInt32BE(1);
        this.#prefix = Buffer.alloc(0);
      }
      const taken = Math.min(this.#left, chunk.length - at);
      at += taken;
      this.#left -= taken;
      if (this.#left > 0) continue;
      pieces.push({ bytes: chunk.subarray(begin, at), isEnd: true });
      begin = at;
      this.#left = undefined;
    }
    if (begin < chunk.length) pieces.push({ bytes: chunk.subarray(begin), isEnd: false });
    return pieces;
  }
}
