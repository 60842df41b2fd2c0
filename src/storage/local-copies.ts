import type { BlobReader } from "../oci/blob-reader.js";

/**
 * Whole copies of objects of a distant store, on a disk of this machine, for all its processes. A copy may be gone at
 * any time. Their names are names of files.
 */
export interface LocalCopies {
  /** Where they are, for messages. */
  readonly place: string;
  /** Bytes of all copies, as last counted. */
  readonly size: number;
  readonly maxSize: number;
  /** Bytes of the copies that this process has deleted to make room for others. */
  readonly evictedBytes: number;
  /** A copy that is as it was when it was finished; one that was changed is deleted. */
  open(name: string): Promise<BlobReader | undefined>;
  /** `undefined` if another process is making this copy, or there can be no room for it. */
  begin(name: string, size: number): Promise<UnfinishedCopy | undefined>;
  delete(name: string): Promise<void>;
}

/** A copy that is being made, and can be read as far as it is. */
export interface UnfinishedCopy {
  append(bytes: Buffer): Promise<void>;
  read(into: Buffer, position: number): Promise<number>;
  /** It can be opened by its name from now on, and survives a power failure. */
  finish(): Promise<void>;
  discard(): Promise<void>;
  /** Call it in any case, once nobody reads from it. */
  close(): Promise<void>;
}
