import type { Digest } from "../oci/digest.js";

/** A blob that is about to be stored. */
export interface StoredSoon {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Rules that may refuse what is about to be stored. @throws RegistryError */
export interface StoringRules {
  /** Called before the bytes arrive, if it is known how many will. */
  expect(blob: StoredSoon): Promise<void>;
  /** Runs what stores a blob under its digest, which is proved by now. */
  admit(blob: StoredSoon, store: () => Promise<void>): Promise<void>;
}
