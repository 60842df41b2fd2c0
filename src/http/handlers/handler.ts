import type { Registry } from "../../registry/registry.js";
import type { BlobRedirect } from "../blob-redirect.js";
import type { BodyRooms } from "../body-room.js";
import type { BufferPool } from "../buffer-pool.js";
import type { Exchange } from "../exchange.js";
import type { LocationStyle } from "../location.js";
import type { UploadPlaces } from "../upload-places.js";

/** Answers one request. What it throws becomes an error response elsewhere. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

/** What handlers depend on. */
export interface HandlerDependencies {
  readonly registry: Registry;
  readonly pool: BufferPool;
  readonly uploadPlaces: UploadPlaces;
  readonly bodyRooms: BodyRooms;
  /** Which blobs clients read elsewhere; none without it. */
  readonly redirect?: BlobRedirect | undefined;
  /** In bytes. */
  readonly manifestMaxSize: number;
  /** The form of Location headers. */
  readonly locations: LocationStyle;
  /** Maximum page size of the catalog. */
  readonly catalogMaxEntries: number;
}
