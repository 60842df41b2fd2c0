/** `plain`: the bytes as sent, whatever `Content-Encoding` says; `decoded`: the bytes after decoding. */
export type BodyForm = "plain" | "decoded";

const rememberedForMs = 60 * 60_000;

/** In which form an upstream's blobs with `Content-Encoding` are right, as the digest of the last one showed. */
export class BodyForms {
  #known: { readonly form: BodyForm; readonly sinceMs: number } | undefined;

  get known(): BodyForm | undefined {
    if (this.#known === undefined || performance.now() - this.#known.sinceMs > rememberedForMs) return undefined;
    return this.#known.form;
  }

  proved(form: BodyForm): void {
    this.#known = { form, sinceMs: performance.now() };
  }

  /** The assumption was wrong: the next blob is tried in both forms. */
  forget(): void {
    this.#known = undefined;
  }
}
