import type { Registry } from "../registry/registry.js";
import type { BufferPool } from "./buffer-pool.js";
import type { UploadLimit } from "./upload-limit.js";

/** What handlers work with. */
export interface Services {
  readonly registry: Registry;
  readonly pool: BufferPool;
  readonly uploadLimit: UploadLimit;
  /** Bytes. */
  readonly manifestMaxSize: number;
}
