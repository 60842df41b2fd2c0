/** The status and the headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

const longestHead = 64 * 1024;
const emptyLine = Buffer.from("\r\n\r\n");

/** Reads the head of an answer from pieces as they arrive. */
export class HeadReader {
  #text = Buffer.alloc(0);

  /**
   * @returns the head, and how many bytes of this piece belong to it; `undefined` if it goes on
   * @throws if it is none
   */
  read(piece: Buffer): { readonly head: ResponseHead; readonly bytes: number } | undefined {
    const before = this.#text.length;
    this.#text = Buffer.concat([this.#text, piece]);
    const end = this.#text.indexOf(emptyLine, Math.max(0, before - emptyLine.length));
    if (end >= 0)
      return { head: headOf(this.#text.toString("latin1", 0, end)), bytes: end + emptyLine.length - before };
    if (this.#text.length > longestHead) throw new Error("the head of the store's answer is too long");
    return undefined;
  }
}

function headOf(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error("the store did not answer in HTTP/1.1");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status, headers: new Map(headers) };
}
