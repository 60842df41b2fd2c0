/** One piece of this many is compared: hashing all would cost as much as serving it. */
const comparedPieces = 8;

/** The body of a response, which must be a 200 with this content. */
export class CheckedBody {
  /** Bytes of it that have arrived. */
  position = 0;
  /** When the first of them arrived. */
  firstByte;
  #expected;
  #now;
  #head = "";
  #pieces = 0;

  /** @param {Buffer} expected @param {() => number} now */
  constructor(expected, now) {
    this.#expected = expected;
    this.#now = now;
  }

  take(piece) {
    const content = this.position === 0 ? this.#afterHead(piece) : piece;
    if (content.length === 0) return;
    this.firstByte ??= this.#now();
    const end = this.position + content.length;
    if (this.#pieces++ % comparedPieces === 0 && !this.#isRight(content, end)) {
      throw new Error(`wrong bytes from ${this.position} to ${end}`);
    }
    this.position = end;
  }

  #isRight(content, end) {
    return this.#expected.compare(content, 0, content.length, this.position, end) === 0;
  }

  #afterHead(piece) {
    const before = this.#head.length;
    this.#head += piece.toString("latin1");
    if (!this.#head.startsWith("HTTP/1.1 200")) throw new Error(this.#head.slice(0, 500));
    const end = this.#head.indexOf("\r\n\r\n");
    return piece.subarray(end < 0 ? piece.length : end + 4 - before);
  }
}
