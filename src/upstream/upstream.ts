import type { Logger } from "../observability/logger.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AnswerRoom } from "./limits/answer-rooms.js";
import type { Interest } from "./limits/interest.js";
import type { Quota } from "./limits/quota.js";
import type { ContentCoding } from "./wire/content-coding.js";

/** What every question to an upstream is given beside its arguments. */
export interface AskOptions {
  /** Aborting it rejects with its reason; it also ends a blob that is being read. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Time for the whole answer, retries included; for a blob, until its first byte can be read. Set it only where a
   * stored copy will be served instead: with it, an upstream that was just found out of reach fails at once.
   */
  readonly deadlineMs?: number;
  /** The `Via` header of the client's request, so that a loop of caches is found by the one that closes it. */
  readonly via?: string | undefined;
  /** Whether anybody waits for the answer; without it, somebody does. What nobody waits for gives way. */
  readonly interest?: Interest;
  /** Called whenever a question goes out: until then it waited for its turn, which is not the upstream's time. */
  readonly onAsked?: () => void;
  /** Where the memory of a large manifest is bounded, by whoever holds it afterwards. */
  readonly room?: AnswerRoom;
}

/** What is asked when a blob need only be there. */
export interface ProofOptions extends AskOptions {
  /** Bytes, where they are known: an answer that says otherwise is not believed. */
  readonly knownSize?: number | undefined;
}

/** What is asked when a blob is opened. */
export interface BlobOptions extends AskOptions {
  /** Time for the headers, if it may be more than that of a question: nobody is made to wait for them. */
  readonly headersMs?: number;
}

export interface UpstreamManifest {
  /** Computed from the bytes; for a digest reference it is that digest. */
  readonly digest: Digest;
  /** As `Content-Type` says it, without parameters; `undefined` if that is missing or says nothing about manifests. */
  readonly mediaType: string | undefined;
  /** Byte for byte what the digest is of. */
  readonly bytes: Buffer;
  readonly reading: ManifestReading;
}

export interface UpstreamManifestHead {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
  /** Bytes, if the upstream said so. */
  readonly size: number | undefined;
  /** Present when the upstream could only be asked by GET. */
  readonly manifest?: UpstreamManifest;
}

export interface UpstreamBlobHead {
  /** Bytes, if the upstream said so. */
  readonly size: number | undefined;
}

/** Which part of a blob is wanted, and what is known of it already. */
export interface BlobPart {
  /** First byte. */
  readonly offset?: number;
  /** Last byte, inclusive; the end of the blob if not given. */
  readonly end?: number;
  /** Of an earlier answer: `If-Range`, so that a changed blob comes whole. */
  readonly validator?: string;
  /** Bytes of the whole blob as its descriptor says, which may be wrong: the digest decides. */
  readonly expectedSize?: number;
}

export interface UpstreamBlob {
  /** Where the content starts: not behind the wanted offset, and at 0 if the upstream sends the blob whole. */
  readonly start: number;
  /** Where the content ends, if the upstream said so: a part may be shorter than was asked for. */
  readonly end: number | undefined;
  /** Bytes of the whole blob, if the upstream said so. */
  readonly size: number | undefined;
  /** How the content is said to be compressed, which may be wrong; empty if it is the blob itself. */
  readonly codings: readonly ContentCoding[];
  /** A strong ETag, for resuming. */
  readonly validator: string | undefined;
  /**
   * The bytes as they arrive, to be read once; nothing is read ahead of the reader. Not verified: whoever joins the
   * parts computes the digest. Throws an UpstreamError when the upstream breaks off, stalls, or sends too much or too little.
   */
  readonly content: AsyncIterable<Buffer>;
  /** Breaks the transfer off; needed only if the content is not read to its end. */
  close(): void;
}

/**
 * One upstream registry with its mirrors. Failures are UpstreamErrors. It retries, follows redirects, fetches tokens
 * and obeys limits; it stores nothing but tokens and what it learnt of the upstream's limits.
 */
export interface Upstream {
  readonly name: string;
  /** Whether each GET of a manifest is one less that may be had, as Docker Hub counts them. */
  readonly countsPulls: boolean;
  /** Does not count as a pull, where the upstream counts. Asks by GET where HEAD is not understood. */
  headManifest(repository: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifestHead>;
  getManifest(repository: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifest>;
  /** Whether it has the blob. Asks by a GET that is not read where HEAD is not to be believed. */
  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead>;
  getBlob(repository: RepositoryName, digest: Digest, part: BlobPart, options: BlobOptions): Promise<UpstreamBlob>;
  /** All tags page by page, in the upstream's order. A page is asked for when it is wanted, and has its own time. */
  tagPages(repository: RepositoryName, options: AskOptions): AsyncGenerator<string[], void, void>;
  /**
   * From the referrers API, or else from the fallback tag. Empty only if the upstream says that there are none; where it
   * does not tell, that is an error.
   */
  listReferrers(repository: RepositoryName, subject: Digest, options: AskOptions): Promise<Descriptor[]>;
  /** Whether a request with this `Via` header was sent by this process, and came back by way of other caches. */
  comesFromHere(via: string | undefined): boolean;
  /** The pull quota as last told by the upstream; `undefined` if it never told one. */
  quota(): Quota | undefined;
  /** Closes idle connections. */
  close(): void;
}
