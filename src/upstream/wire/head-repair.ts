import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { InvalidAnswerError } from "./wire-errors.js";

const lf = 0x0a;
const cr = 0x0d;
const tab = 0x09;
const space = 0x20;
const colon = 0x3a;
const underscore = 0x5f;

const lengthName = "content-length";
/** Enough for what is compared here; a longer line cannot match. */
const longestKept = 64;

/**
 * Rewrites response heads that Node's parser refuses and Go's accepts (net/textproto, net/http "fixLength"), even in
 * lenient mode: a space in a header name, and a repeated `Content-Length` with the same value, become an unknown
 * header; a tab after a length becomes a space; the status moves next to the version. No byte is added or removed, so
 * nothing has to be held back.
 */
export function repairHead(request: ClientRequest): void {
  request.once("socket", (socket: Socket) => {
    const head = new Head();
    const onData = (bytes: Buffer) => {
      try {
        if (head.repair(bytes)) socket.off("data", onData);
      } catch (error) {
        socket.off("data", onData);
        request.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    };
    // The parser already listens, and reads the same memory afterwards.
    socket.prependListener("data", onData);
    request.once("close", () => socket.off("data", onData));
  });
}

/** The head of one response, and of the interim ones before it. */
class Head {
  #at: "status" | "line" | "name" | "value" = "status";
  /** The relevant beginning of the current line. */
  #text = "";
  /** The value of the first `Content-Length`. */
  #length: string | undefined;
  #isLength = false;
  #isInterim = false;

  /**
   * Continues reading, and rewrites what must be rewritten.
   * @returns whether the head has ended
   * @throws InvalidAnswerError if there are two different lengths: one of them would hide something
   */
  repair(bytes: Buffer): boolean {
    if (this.#at === "status" && this.#text === "") straightenStatus(bytes);
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0;
      if (byte === lf) {
        if (this.#endLine()) return true;
      } else if (byte !== cr) bytes[index] = this.#take(byte);
    }
    return false;
  }

  /** @returns the replacement for the byte */
  #take(byte: number): number {
    if (this.#at === "line") {
      // A line that begins with a space continues the previous value (RFC 9112, section 5.2).
      this.#at = byte === space || byte === tab ? "value" : "name";
      this.#text = "";
      this.#isLength = false;
    }
    if (this.#at !== "name") {
      this.#keep(byte);
      return byte === tab && this.#isLength ? space : byte;
    }
    if (byte === colon) {
      this.#isLength = this.#text === lengthName;
      this.#at = "value";
      this.#text = "";
      return byte;
    }
    this.#keep(byte);
    // The colon may be in the next piece, which would be too late.
    const isRepeated = this.#length !== undefined && this.#text === lengthName;
    return isRepeated || byte === space ? underscore : byte;
  }

  #keep(byte: number): void {
    if (this.#text.length < longestKept) this.#text += String.fromCharCode(byte).toLowerCase();
  }

  /** @returns whether the line ends the head */
  #endLine(): boolean {
    switch (this.#at) {
      case "status":
        if (this.#text === "") return false;
        // 101 would end HTTP, and is never requested.
        this.#isInterim = /^\S+ +1(?!01)/.test(this.#text);
        break;
      case "value":
        if (this.#isLength) this.#noteLength(this.#text.trim());
        break;
      case "line":
        if (!this.#isInterim) return true;
        this.#at = "status";
        this.#text = "";
        this.#length = undefined;
        return false;
      case "name":
        // A line without a colon, which the parser refuses.
        break;
    }
    this.#at = "line";
    return false;
  }

  #noteLength(value: string): void {
    this.#length ??= value;
    if (value !== this.#length) {
      throw new InvalidAnswerError(`it announces two lengths, ${this.#length} and ${value}`);
    }
  }
}

/** A status line arrives in one piece, except from servers that send byte by byte. */
function straightenStatus(bytes: Buffer): void {
  const [line, version, blanks, status] = /^(HTTP\/\d\.\d )( +)(\d{3})/.exec(bytes.toString("latin1", 0, 64)) ?? [];
  if (line !== undefined) bytes.write(`${version}${status}${blanks}`, "latin1");
}
