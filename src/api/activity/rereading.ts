/** A value that is read again when someone asks for it and it is old. */
export class Rereading<Value> {
  readonly #everyMs: number;
  readonly #readNow: () => Promise<Value>;
  #last: { readonly atMs: number; readonly value: Promise<Value> } | undefined;

  constructor(everyMs: number, readNow: () => Promise<Value>) {
    this.#everyMs = everyMs;
    this.#readNow = readNow;
  }

  read(): Promise<Value> {
    if (this.#last === undefined || performance.now() - this.#last.atMs > this.#everyMs) {
      const last = { atMs: performance.now(), value: this.#readNow() };
      this.#last = last;
      // The callers that wait get the error, and the next one tries again.
      last.value.catch(() => {
        if (this.#last === last) this.#last = undefined;
      });
    }
    return this.#last.value;
  }
}
