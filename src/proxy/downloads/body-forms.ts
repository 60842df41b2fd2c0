import type { UpstreamBlob } from "../../upstream/upstream-client.js";
import { decoded } from "../../upstream/wire/content-coding.js";
import { undecodable } from "./transfer-errors.js";
import type { WantedBlob } from "./wanted-blob.js";

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

/** The content in the form that this upstream was found to send. */
export function inKnownForm({ content, codings }: UpstreamBlob, wanted: WantedBlob): AsyncIterable<Buffer> {
  const isDecoded = codings.length > 0 && wanted.policy.forms.known === "decoded";
  return isDecoded ? decodedContent(decoded(content, codings), wanted) : content;
}

async function* decodedContent(content: AsyncIterable<Buffer>, wanted: WantedBlob): AsyncGenerator<Buffer, void, void> {
  try {
    yield* content;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    wanted.policy.forms.forget();
    throw undecodable(wanted, error);
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}
