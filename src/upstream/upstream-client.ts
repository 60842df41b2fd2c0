import type { Reservation } from "../foundation/semaphore.js";
import type { Logger } from "../observability/logger.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { RequestTrail } from "../oci/request-trail.js";
import type { Demand } from "./limits/demand.js";
import type { Quota } from "./limits/quota.js";
import type { ContentCoding } from "./wire/content-coding.js";

/** Options of every request to an upstream. */
export interface RequestOptions {
  /** Aborting it rejects with its reason, and also ends a blob that is being read. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Time for the whole response, including retries; for a blob, until its first byte can be read. Set it only if a
   * stored copy can be served instead: then an upstream that was just unreachable fails at once.
   */
  readonly deadlineMs?: number;
  /** The `Via` header of the client's request, so that the cache that closes a loop detects it. */
  readonly trail?: RequestTrail | undefined;
  /** Whether a client waits for the response; by default, one does. Requests that no client waits for give way. */
  readonly demand?: Demand;
  /** Called whenever a request is sent: the wait for its turn is not the upstream's time. */
  readonly onSent?: () => void;
  /** Limits the memory for large manifests; set by the caller that holds them afterwards. */
  readonly room?: Reservation;
}

/** Options for checking that a blob exists. */
export interface ProofOptions extends RequestOptions {
  /** In bytes, if known: a response with another size is not trusted. */
  readonly knownSize?: number | undefined;
}

/** Options for opening a blob. */
export interface BlobOptions extends RequestOptions {
  /** Time for the headers, if it may be longer than for other requests because no client waits for them. */
  readonly headersMs?: number;
}

export interface UpstreamManifest {
  /** Computed from the bytes; for a digest reference it is that digest. */
  readonly digest: Digest;
  /** As in `Content-Type`, without parameters; `undefined` if that is missing or says nothing about manifests. */
  readonly mediaType: string | undefined;
  /** The exact bytes that the digest is of. */
  readonly bytes: Buffer;
  readonly reading: ManifestReading;
}

export interface UpstreamManifestHead {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  /** In bytes, if the upstream gave it. */
  readonly size: number | undefined;
  /** Present if the upstream could only be asked by GET. */
  readonly manifest?: UpstreamManifest;
}

export interface UpstreamBlobHead {
  /** In bytes, if the upstream gave it. */
  readonly size: number | undefined;
}

/** Which part of a blob to request, and what is known about it. */
export interface BlobPart {
  /** First byte. */
  readonly offset?: number;
  /** Last byte, inclusive; the end of the blob if not given. */
  readonly end?: number;
  /** From an earlier response: `If-Range`, so that a changed blob is sent whole. */
  readonly validator?: string;
  /** Bytes of the whole blob according to its descriptor, which may be wrong: the digest decides. */
  readonly expectedSize?: number;
}

export interface UpstreamBlob {
  /** Where the content starts: not after the requested offset, and at 0 if the upstream sends the whole blob. */
  readonly start: number;
  /** Where the content ends, if the upstream gave it: a part may be shorter than requested. */
  readonly end: number | undefined;
  /** Bytes of the whole blob, if the upstream gave them. */
  readonly size: number | undefined;
  /** The declared compression, which may be wrong; empty if the content is the blob itself. */
  readonly codings: readonly ContentCoding[];
  /** A strong ETag, for resuming. */
  readonly validator: string | undefined;
  /**
   * The bytes as they arrive, to be read once; nothing is read ahead. Not verified: whoever joins the parts computes
   * the digest. Throws an UpstreamError if the upstream breaks off, stalls, or sends too much or too little.
   */
  readonly content: AsyncIterable<Buffer>;
  /** Ends the transfer; needed only if the content is not read to its end. */
  close(): void;
}

/**
 * One upstream registry with its mirrors. Failures are UpstreamErrors. It retries, follows redirects, fetches tokens
 * and obeys limits; it stores nothing but tokens and what it learns about the upstream's limits.
 */
export interface UpstreamClient {
  readonly name: string;
  /** Whether a GET of a manifest counts as a pull, as at Docker Hub. */
  readonly countsPulls: boolean;
  /** Does not count as a pull. Uses GET if HEAD is not supported. */
  headManifest(
    repository: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifestHead>;
  getManifest(repository: RepositoryName, reference: Reference, options: RequestOptions): Promise<UpstreamManifest>;
  /** Whether it has the blob. If HEAD cannot be trusted, uses a GET whose body is not read. */
  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead>;
  getBlob(repository: RepositoryName, digest: Digest, part: BlobPart, options: BlobOptions): Promise<UpstreamBlob>;
  /** All tags page by page, in the upstream's order. Each page is requested when it is needed, with its own timeout. */
  tagPages(repository: RepositoryName, options: RequestOptions): AsyncGenerator<readonly string[], void, void>;
  /**
   * From the referrers API, or else from the fallback tag. Empty only if the upstream says that there are none; if it
   * does not say, that is an error.
   */
  listReferrers(repository: RepositoryName, subject: Digest, options: RequestOptions): Promise<readonly Descriptor[]>;
  /** Whether a request with this `Via` header was sent by this process, and came back through other caches. */
  comesFromHere(via: string): boolean;
  /** The upstream's last pull quota; `undefined` if it never sent one. */
  quota(): Quota | undefined;
  /** Closes idle connections. */
  close(): void;
}
