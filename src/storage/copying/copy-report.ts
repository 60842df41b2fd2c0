import type { Digest } from "../../oci/digest.js";

/** What a copy has done so far. */
export interface CopyReport {
  /** Repositories of the source, as far as they are copied. */
  repositories: number;
  blobs: number;
  /** Of those blobs. */
  bytes: number;
  /** Links, tags and records that were written. */
  written: number;
  /** Of the target, since the source no longer has them. */
  removed: number;
  /** Linked in the source, but its bytes have another digest. */
  readonly damaged: Set<Digest>;
  /** Linked in the source without bytes. */
  readonly missing: Set<Digest>;
}

export function emptyReport(): CopyReport {
  return { repositories: 0, blobs: 0, bytes: 0, written: 0, removed: 0, damaged: new Set(), missing: new Set() };
}
