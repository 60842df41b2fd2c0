import type { Digest, DigestAlgorithm } from "../oci/digest.js";

/** A blob that this process downloads. */
export interface GrowingBlob {
  /** Until the upstream sends. @throws if it refuses */
  untilArriving(signal: AbortSignal): Promise<void>;
  /** Bytes of the whole blob, if they are known once it arrives. */
  readonly size: number | undefined;
  /** The bytes from a position on, as they arrive; the last one only when the digest is proved. @throws if it fails */
  from(position: number, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** The bytes of an upload whose hash another replica needs. */
export interface HashedBytes {
  /** The id of its session. */
  readonly upload: string;
  readonly algorithm: DigestAlgorithm;
  readonly size: number;
  /** When they were complete, in milliseconds since 1970, as the storage says. */
  readonly modifiedMs: number;
}

/** The digest of these bytes, if this process has hashed exactly them. */
export type FindHash = (bytes: HashedBytes) => Digest | undefined;

/** What this process has for other replicas, and nothing else: nothing that is stored, nothing that can be changed. */
export class Offers {
  /** Set by the code that hashes uploads. */
  findHash: FindHash = () => undefined;
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
