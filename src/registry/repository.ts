import type { Descriptor } from "../oci/descriptor.js";
import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import type { Page, PageOf, ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import type { Reference, Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "./context.js";
import type { SpanReader, WantedSpan } from "./span-reader.js";

/** Where a response came from; becomes `X-Cache`, `Age` and `Warning`. A private repository serves from `storage`. */
export interface Served {
  readonly from: "storage" | "hit" | "miss" | "stale" | "shared";
  /** Seconds since the upstream last confirmed it. */
  readonly age?: number;
  /** A sentence for the user, such as why a stale copy was served. */
  readonly warning?: string;
  /** Whether the upstream would have counted the GET of a manifest against a quota. */
  readonly savesPull?: boolean;
}

export interface ResolvedManifest {
  readonly descriptor: Descriptor;
  readonly served: Served;
}

export interface Manifest extends ResolvedManifest {
  /** The exact bytes that were pushed. */
  readonly bytes: Buffer;
}

export interface ResolvedBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly served: Served;
}

export interface OpenedBlob extends ResolvedBlob {
  readonly content: SpanReader;
}

/** A repository to pull from. Missing content is a RegistryError: BLOB_UNKNOWN, MANIFEST_UNKNOWN, NAME_UNKNOWN. */
export interface PullRepository {
  readonly name: RepositoryName;
  /** The registry that the client sent in `?ns=`, if the repository belongs to it. */
  readonly namespace?: string | undefined;
  resolveManifest(reference: Reference, context: Context): Promise<ResolvedManifest>;
  getManifest(reference: Reference, context: Context): Promise<Manifest>;
  statBlob(digest: Digest, context: Context): Promise<ResolvedBlob>;
  /** The caller closes the content. */
  openBlob(digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob>;
  listTags(page: Page, context: Context): Promise<PageOf<string>>;
  /** If the subject or the repository is missing, the list is empty, not an error. */
  listReferrers(subject: Digest, query: ReferrersQuery, context: Context): Promise<ReferrersPage>;
}

/** The position of the next bytes of an upload, as in `Content-Range`: both inclusive. */
export interface ChunkRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are being received. Each piece is only borrowed: it is overwritten once the next one is requested. */
export interface IncomingContent extends AsyncIterable<Buffer> {
  /** How many bytes the client has announced; `undefined` if it streams. */
  readonly announced?: number | undefined;
  /** Makes waiting readers fail with the reason. */
  break(reason: Error): void;
}

export interface Chunk {
  readonly content: IncomingContent;
  /** Missing if the client streams; the bytes then belong at the end of the session. */
  readonly range?: ChunkRange;
}

/** An unfinished push of a blob. It outlives the connection and the process. */
export interface UploadSession {
  readonly id: string;
  /** Bytes received so far. */
  readonly offset: number;
}

export interface Uploads {
  start(algorithm: DigestAlgorithm, context: Context): Promise<UploadSession>;
  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  get(id: string, context: Context): Promise<UploadSession>;
  /**
   * Appends, and returns the session at its new offset. What arrived before a failure is kept.
   * @throws RegistryError BLOB_UPLOAD_INVALID with status 416 if the range does not start at the offset
   */
  append(id: string, chunk: Chunk, context: Context): Promise<UploadSession>;
  /** Appends the last chunk, verifies the digest and makes the blob part of the repository. */
  finish(id: string, digest: Digest, chunk: Chunk, context: Context): Promise<void>;
  cancel(id: string, context: Context): Promise<void>;
}

export interface PutManifest {
  readonly reference: Reference;
  /** Belong to the repository from now on: if there are many, they are moved to a thread, and the buffer is empty. */
  readonly bytes: Buffer;
  /** Without parameters; `undefined` if the client sent none. */
  readonly contentType: string | undefined;
  /** More tags for a manifest that is pushed by digest (`?tag=`). */
  readonly tags: readonly Tag[];
}

export interface PushedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The manifest that this one refers to, if it has a subject. */
  readonly subject: Digest | undefined;
  /** The tags that point to it since this push. */
  readonly moved: readonly MovedTag[];
}

export interface MovedTag {
  readonly tag: Tag;
  /** What it pointed to before; `undefined` if it is new. */
  readonly from: Digest | undefined;
}

/** A repository to push to. */
export interface PushRepository extends PullRepository {
  readonly uploads: Uploads;
  /** Pushes a blob in one request, without a session. */
  putBlob(digest: Digest, content: IncomingContent, context: Context): Promise<void>;
  /** Links a blob of another repository into this one; `false` if there is none that the caller may read. */
  mountBlob(digest: Digest, from: RepositoryName | undefined, context: Context): Promise<boolean>;
  putManifest(manifest: PutManifest, context: Context): Promise<PushedManifest>;
  /**
   * @param mayGo looks once more, so that a tag which others have just pushed stays and counts as unknown
   * @returns what it pointed to
   */
  deleteTag(tag: Tag, context: Context, mayGo?: () => Promise<boolean>): Promise<Digest>;
  /**
   * Deletes the manifest and every tag that points to it.
   * @returns those tags, except for some of very many that are deleted soon afterwards
   */
  deleteManifest(digest: Digest, context: Context): Promise<readonly Tag[]>;
  deleteBlob(digest: Digest, context: Context): Promise<void>;
}
