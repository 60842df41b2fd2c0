import type { Digest } from "../oci/digest.js";

/** A blob that this process downloads. */
export interface GrowingBlob {
  /** Until the upstream sends. @throws if it refuses */
  untilArriving(signal: AbortSignal): Promise<void>;
  /** Bytes of the whole blob, if they are known once it arrives. */
  readonly size: number | undefined;
  /** The bytes from a position on, as they arrive; the last one only when the digest is proved. @throws if it fails */
  from(position: number, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** What this process has for other replicas, and nothing else: nothing that is stored, nothing that can be changed. */
export class Offers {
  readonly #growing = new Map<Digest, GrowingBlob>();

  growing(digest: Digest): GrowingBlob | undefined {
    return this.#growing.get(digest);
  }

  /** @returns a function that ends the offer */
  offer(digest: Digest, blob: GrowingBlob): () => void {
    this.#growing.set(digest, blob);
    return () => {
      if (this.#growing.get(digest) === blob) this.#growing.delete(digest);
    };
  }
}
