/** `plain`: as they are, whatever `Content-Encoding` says; `decoded`: what comes out when that is undone. */
export type BodyForm = "plain" | "decoded";

const rememberedForMs = 60 * 60_000;

/** In which form an upstream's blobs are right that it says are compressed: as the digest of the last one proved. */
export class BodyForms {
  #known: { readonly form: BodyForm; readonly sinceMs: number } | undefined;

  get known(): BodyForm | undefined {
    if (this.#known === undefined || performance.now() - this.#known.sinceMs > rememberedForMs) return undefined;
    return this.#known.form;
  }

  proved(form: BodyForm): void {
    this.#known = { form, sinceMs: performance.now() };
  }

  /** What was believed turned out wrong: the next one is tried in both forms. */
  forget(): void {
    this.#known = undefined;
  }
}
