/** The most that one response may read, where little of what is read is listed. */
const mostReads = 1_000;
const mostBytes = 16 * 1024 * 1024;

/** How much more may be read for one page. */
export class ReadAllowance {
  #reads = mostReads;
  #bytes = mostBytes;

  take(bytes: number): void {
    this.#reads--;
    this.#bytes -= bytes;
  }

  get isUsedUp(): boolean {
    return this.#reads <= 0 || this.#bytes <= 0;
  }
}
