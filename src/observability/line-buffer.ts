import { Writable } from "node:stream";

/** Longer than this no line waits, and no more than this waits. */
const flushAfterMs = 50;
const flushAtBytes = 64 * 1024;

/** Gathers lines, so that a busy server asks the system for one write and not for one a line. */
export class LineBuffer extends Writable {
  readonly #target: NodeJS.WritableStream;
  #lines: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: NodeJS.WritableStream) {
    super({ decodeStrings: false });
    this.#target = target;
  }

  override _write(line: string, _encoding: BufferEncoding, done: () => void): void {
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= flushAtBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushAfterMs).unref();
    done();
  }

  /** Hands over what waits. Standard output to a file or a pipe has it written when this returns. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#target.write(this.#lines.join(""));
    this.#lines = [];
    this.#length = 0;
  }
}
